import { parseArgs } from 'node:util'
import { type Client, listOrphans, removeOrphans } from '../client/src/index.ts'
import type { Config } from '../lib/config/config.ts'
import { reachServer } from '../lib/startup/wait-for-server.ts'
import { orphans } from '../lib/storage/orphans.ts'
import { OBJECT_STORE } from '../lib/storage/server.ts'
import { UsageError } from './arguments.ts'
import { existingParts } from './existing-parts.ts'
import { CONNECTION_OPTIONS, throwingClientOf } from './service-client.ts'

export const usage = `asyncprod objects sweep [--remove]     objects that no image, upload or waiting removal names
  through a running service: [--url <address>] [--key-file <file>]`

/** `asyncprod objects …`: the content of the object store. */
export async function objects(config: Config, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { ...CONNECTION_OPTIONS, remove: { type: 'boolean', default: false } },
    allowPositionals: true
  })
  if (positionals.join(' ') !== 'sweep') throw new UsageError(usage)
  const { remove } = values
  const found = values.url
    ? sweepThere(await throwingClientOf(values, config), remove)
    : sweepHere(config, remove)
  let count = 0
  for await (const { key, bytes, modified } of found) {
    console.log(`${remove ? 'removed ' : ''}${key}  ${bytes} bytes  ${modified}`)
    count++
  }
  const hint = count > 0 && !remove ? ' (--remove removes them)' : ''
  console.log(`Objects without an image: ${count}${hint}`)
}

interface Orphan {
  key: string
  bytes: number
  modified: string
}

async function* sweepHere(config: Config, remove: boolean): AsyncGenerator<Orphan> {
  await using app = await existingParts(config, 'call')
  await reachServer(OBJECT_STORE, () => app.objects.ping())
  const olderThanMs = config.images.jobTimeoutMs * 2
  for await (const { modified, ...object } of orphans(app.pg.pool, app.objects, { olderThanMs })) {
    if (remove) await app.objects.remove(object.key)
    yield { ...object, modified: modified.toISOString() }
  }
}

async function* sweepThere(client: Client, remove: boolean): AsyncGenerator<Orphan> {
  for (let after: string | null = ''; after !== null; ) {
    const page = await pageAfter(client, after, remove)
    yield* page.objects
    after = page.next
  }
}

async function pageAfter(client: Client, after: string, remove: boolean) {
  const { data } = remove
    ? await removeOrphans({ client, body: { after }, throwOnError: true })
    : await listOrphans({ client, query: { after }, throwOnError: true })
  return data
}
