import pg from 'pg'
import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { needsServices } from '../support/servers/needs.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startService } from '../support/service.ts'

const MIGRATION_LOCK = 'SELECT pg_advisory_lock(7202611, hashtext(current_schema()))'
const MIGRATIONS_LOCK = 'BEGIN; LOCK TABLE asyncprod_migrations'

/** What a start does when the server freezes, and the statement of another session that holds it there. */
const MOMENTS = [
  { name: 'before it connects', isMigrated: false, hold: undefined },
  { name: 'while it asks whether the database is migrated', isMigrated: true, hold: MIGRATIONS_LOCK },
  { name: 'while it waits for its turn to migrate', isMigrated: false, hold: MIGRATION_LOCK }
]

t.jobs = MOMENTS.length
for (const { name, isMigrated, hold } of MOMENTS) {
  t.test(`a start ends when the database freezes ${name}`, needsServices, async (t) => {
    const postgres = await startPostgres()
    t.teardown(() => postgres.stop())
    const DATABASE_URL = await postgres.createDatabase()
    if (isMigrated) await (await buildTestApp(t, { DATABASE_URL })).close()
    const other = new pg.Client({ connectionString: DATABASE_URL })
    other.on('error', () => undefined)
    await other.connect()
    if (hold) await other.query(hold)
    else postgres.freeze()
    const service = startService(t, { DATABASE_URL, STARTUP_TIMEOUT_MS: '2000' })
    if (hold) {
      while ((await other.query(`SELECT FROM pg_locks WHERE NOT granted`)).rowCount === 0);
      postgres.freeze()
    }
    t.teardown(() => postgres.thaw())
    t.same(await service.ended, { code: 1, signal: null })
    t.match(service.plainLines, [/^PostgreSQL could not be used for 2000 ms: .*is DATABASE_URL /])
    t.equal(service.plainLines.length, 1, 'no stack')
  })
}
