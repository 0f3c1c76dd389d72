import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startEmbeddedPostgres } from '../../../lib/database/pglite.ts'
import { createFolder } from '../../support/servers/guard.ts'

async function ask(host: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ host, user: 'postgres', database: 'postgres' })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

t.test('in a folder whose name is too long for a socket', async (t) => {
  const parent = createFolder('data')
  t.teardown(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'a'.repeat(90))
  await mkdir(folder)
  const starts = await Promise.allSettled([startEmbeddedPostgres(folder), startEmbeddedPostgres(folder)])
  const refused = starts.filter((start) => start.status === 'rejected')
  t.match(refused, [{ reason: { name: 'StartError' } }], 'there is only one at a time')
  const [first] = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  if (!first) throw new Error('None has started')
  await ask(first.host, 'CREATE TABLE lamp AS SELECT 7 AS n')
  await first.close()
  const second = await startEmbeddedPostgres(folder)
  t.same(
    await ask(second.host, 'SELECT n FROM lamp'),
    [{ n: 7 }],
    'what was written is there at the next start'
  )
  await second.close()
})

t.test('a folder that is copied to a shorter path, from one that was too long for a socket', async (t) => {
  const parent = createFolder('data')
  t.teardown(() => rm(parent, { recursive: true, force: true }))
  const long = join(parent, 'a'.repeat(90))
  const killed = join(parent, 'killed')
  const stopped = join(parent, 'stopped')

  const first = await startEmbeddedPostgres(long)
  await ask(first.host, 'CREATE TABLE lamp AS SELECT 7 AS n')
  // As a process leaves it that is killed: its link is there, and what it points to goes with /tmp.
  await cp(long, killed, { recursive: true, filter: (path) => !path.endsWith('lock') })
  await first.close()
  await cp(long, stopped, { recursive: true })
  t.notOk((await readdir(stopped)).includes('run'), 'a stop leaves no link to nowhere')

  for (const folder of [killed, stopped]) {
    const next = await startEmbeddedPostgres(folder)
    t.same(await ask(next.host, 'SELECT n FROM lamp'), [{ n: 7 }])
    await next.close()
  }
})
