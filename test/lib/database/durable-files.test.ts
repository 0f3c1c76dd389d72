import fs from 'node:fs'
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startEmbeddedPostgres } from '../../../lib/database/pglite.ts'
import { createFolder } from '../../support/servers/guard.ts'
import { emptyFolder } from '../../support/template.ts'

const synced = mock.method(fs, 'fsyncSync').mock
syncBuiltinESMExports()
t.teardown(() => mock.restoreAll())

async function clientOn(t: Test, folder: string): Promise<pg.Client> {
  const database = await startEmbeddedPostgres(folder)
  const client = new pg.Client({ host: database.host, user: 'postgres', database: 'postgres' })
  await client.connect()
  t.teardown(async () => {
    await client.end()
    await database.close()
    await rm(folder, { recursive: true })
  })
  return client
}

t.test('every commit is synced before its response', async (t) => {
  const folder = createFolder('data')
  await cp(await emptyFolder(), folder, { recursive: true })
  const client = await clientOn(t, folder)
  await client.query('CREATE TABLE lamp (n integer)')
  const syncs: number[] = []
  for (let n = 0; n < 5; n++) {
    synced.resetCalls()
    await client.query('INSERT INTO lamp VALUES (7)')
    syncs.push(synced.callCount())
  }
  t.same(syncs, [1, 1, 1, 1, 1])
  synced.resetCalls()
  await client.query('SELECT n FROM lamp')
  t.equal(synced.callCount(), 0, 'a read syncs nothing')
})

t.test('a database that was not finished is made anew', async (t) => {
  const folder = createFolder('data')
  await mkdir(join(folder, 'pgdata.unfinished'))
  await writeFile(join(folder, 'pgdata.unfinished/PG_VERSION'), '18')
  const client = await clientOn(t, folder)
  t.same((await client.query('SELECT 7 AS n')).rows, [{ n: 7 }])
  t.notOk((await readdir(folder)).includes('pgdata.unfinished'))
})
