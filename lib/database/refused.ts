import { DatabaseError } from 'pg'

/** Whether PostgreSQL has refused the data of a statement, or the data violate a constraint. */
export const isRefused = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')
