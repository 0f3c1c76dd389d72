import pg from 'pg'
import t from 'tap'
import { needsOwn } from './needs.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

t.test(
  'TEST_DATABASE_URL: its databases are dropped, and it is left running',
  needsOwn('postgres'),
  async (t) => {
    await using theirs = await startPostgres()
    setVariable(t, 'TEST_DATABASE_URL', theirs.url)

    const postgres = await startPostgres()
    const database = await postgres.createDatabase()
    await query(database, 'SELECT 1')
    await t.rejects(postgres.kill(), {
      message: 'TEST_DATABASE_URL names a server that is not ours to stop: unset it to run this test'
    })
    await postgres.stop()

    await t.rejects(query(database, 'SELECT 1'), { code: '3D000' })
    await t.resolves(query(theirs.url, 'SELECT 1'))
    t.strictSame(needsOwn('redis', 'postgres'), {
      skip: 'TEST_DATABASE_URL names a server that is not ours to stop'
    })
  }
)

t.test('TEST_REDIS_URL: the given database is used', needsOwn('redis'), async (t) => {
  setVariable(t, 'TEST_REDIS_URL', 'redis://:secret@redis.test:6379/7')

  const redis = await startRedis()

  t.equal(await redis.createDatabase(), 'redis://:secret@redis.test:6379/7')
})

function setVariable(t: { teardown(undo: () => void): unknown }, name: string, value: string) {
  process.env[name] = value
  t.teardown(() => {
    delete process.env[name]
  })
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
