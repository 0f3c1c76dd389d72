import pg from 'pg'
import t from 'tap'
import { createFolder } from './guard.ts'
import { needsOwn } from './needs.ts'
import { startPostgres } from './postgres.ts'
import { descendants, isAlive } from './process-tree.ts'

t.test(
  'a private PostgreSQL runs, and each of its databases is empty and separate',
  needsOwn('postgres'),
  async (t) => {
    await using postgres = await startPostgres()
    const first = await postgres.createDatabase()
    const second = await postgres.createDatabase()

    await query(first, 'CREATE TABLE marks (mark int)')

    const tables = "SELECT count(*)::int FROM information_schema.tables WHERE table_name = 'marks'"
    t.strictSame(await query(first, tables), [{ count: 1 }])
    t.strictSame(await query(second, tables), [{ count: 0 }])
  }
)

t.test('commits of a durable PostgreSQL are there after a kill', needsOwn('postgres'), async (t) => {
  await using postgres = await startPostgres({ durable: true })
  await query(postgres.url, 'CREATE TABLE marks AS SELECT 1 AS mark')

  await postgres.kill()
  await t.rejects(query(postgres.url, 'SELECT 1'), { code: 'ECONNREFUSED' })
  await postgres.restart()

  t.strictSame(await query(postgres.url, 'TABLE marks'), [{ mark: 1 }])
})

t.test('nothing of a stopped PostgreSQL runs on', needsOwn('postgres'), async (t) => {
  createFolder('any') // the guard is there before, and stays
  const before = descendants(process.pid)
  const postgres = await startPostgres()
  const started = descendants(process.pid).filter((pid) => !before.includes(pid))

  await postgres.stop()

  t.ok(started.length > 1)
  t.strictSame(started.filter(isAlive), [])
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
