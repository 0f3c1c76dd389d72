import type { Pool, QueryConfig } from 'pg'

declare module 'pg' {
  interface PoolConfig {
    /** Whether a pooler is in front of the server: each transaction may run on another connection. */
    isPooled?: boolean
  }
}

/** A statement that each connection prepares once, under its name. */
export interface Statement {
  name: string
  text: string
}

/** Behind a pooler a statement has no name: the next connection would not know it. */
export function withValues({ options }: Pool, { name, text }: Statement, values: unknown[]): QueryConfig {
  return options.isPooled ? { text, values } : { name, text, values }
}
