import type { ClientBase, Pool, PoolClient } from 'pg'
import { inTransaction } from '../database/transaction.ts'

/** Which operator did what. */
export interface Act {
  /** The name of the caller. */
  actor: string
  /** A noun and a verb, as `action.start`. */
  act: string
  /** What it was done to. */
  subject: object
}

/** Writes the act in the transaction of `client`, which is that of the act itself. */
export async function record(client: ClientBase, { actor, act, subject }: Act): Promise<void> {
  const values = [actor, act, JSON.stringify(subject)]
  await client.query('INSERT INTO audit (actor, act, subject) VALUES ($1, $2, $3)', values)
}

/** Does `work` and records it, both in one commit. If either fails, neither is committed. */
export function audited<T>(pool: Pool, act: Act, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (client) => {
    const result = await work(client)
    await record(client, act)
    return result
  })
}
