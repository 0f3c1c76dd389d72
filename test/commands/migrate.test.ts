import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { needsServices } from '../support/servers/needs.ts'
import { sharedPostgres } from '../support/servers/shared.ts'

const ROOT = join(import.meta.dirname, '../..')

t.test('asyncprod migrate migrates a database once', needsServices, async (t) => {
  const DATABASE_URL = await (await sharedPostgres(t)).createDatabase()
  const migrate = () =>
    promisify(execFile)(process.execPath, ['cli.ts', 'migrate'], {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL }
    })
  t.match((await migrate()).stdout, /^migrated 1 users-and-products\nmigrated 2 product-images\n/)
  t.equal((await migrate()).stdout, 'The database is at the newest version\n')
})
