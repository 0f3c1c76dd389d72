import { DatabaseError } from 'pg'

/** Whether PostgreSQL refuses the data of a statement, or they violate a rule. */
export const isRefused = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')
