import type { Pool } from 'pg'

/** Resolves with the number of statements that the work has sent. */
export async function counted(pool: Pool, work: () => Promise<unknown>): Promise<number> {
  let statements = 0
  const count = () => statements++
  pool.on('acquire', count)
  await work()
  pool.off('acquire', count)
  return statements
}
