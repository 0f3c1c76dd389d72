import { cp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { shortenLog } from '../../../lib/database/checkpoint.ts'
import { startEmbeddedPostgres } from '../../../lib/database/pglite.ts'
import { createFolder } from '../../support/servers/guard.ts'
import { emptyFolder } from '../../support/template.ts'

const MEGABYTES_A_ROUND = 70
const WRITE = `
SELECT count(pg_logical_emit_message(false, '', repeat('x', 1000000))) FROM generate_series(1, ${MEGABYTES_A_ROUND})`

t.test('the log of an embedded database does not grow with what is written', async (t) => {
  const folder = createFolder('data')
  await cp(await emptyFolder(), folder, { recursive: true })
  const database = await startEmbeddedPostgres(folder)
  const pool = new pg.Pool({ host: database.host, user: 'postgres', database: 'postgres', max: 1 })
  t.teardown(async () => {
    await pool.end()
    await database.close()
    await rm(folder, { recursive: true })
  })
  const log = join(folder, 'pgdata/pg_wal')
  async function rounds(count: number): Promise<number> {
    for (let round = 0; round < count; round++) {
      await pool.query(WRITE)
      await shortenLog(pool)
    }
    const files = await Promise.all((await readdir(log)).map((name) => stat(join(log, name))))
    return files.filter((file) => file.isFile()).length
  }
  const files = await rounds(3)
  const later = await rounds(3)
  t.ok(later <= files + 1, `${files} files, and ${later} after twice as many writes`)
})
