import type { Pool, PoolClient } from 'pg'

/** Runs `work` in a transaction. Resolves as it does once that is committed; rejects with nothing written. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // A lost connection rejects the query that runs. Without a listener it would also end the process.
  client.on('error', ignore)
  let isBroken = false
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      isBroken = true
    })
    throw error
  } finally {
    client.off('error', ignore)
    client.release(isBroken)
  }
}

const ignore = () => undefined
