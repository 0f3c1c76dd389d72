import { parseArgs } from 'node:util'
import type { Config } from '../lib/config/config.ts'
import { reachServer } from '../lib/startup/wait-for-server.ts'
import { orphans } from '../lib/storage/orphans.ts'
import { OBJECT_STORE } from '../lib/storage/server.ts'
import { UsageError } from './arguments.ts'
import { existingParts } from './existing-parts.ts'

export const usage = `asyncprod objects sweep [--remove]     objects that no image and no upload names`

/** `asyncprod objects …`: the content of the object store. */
export async function objects(config: Config, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { remove: { type: 'boolean', default: false } },
    allowPositionals: true
  })
  if (positionals.join(' ') !== 'sweep') throw new UsageError(usage)
  await using app = await existingParts(config)
  await reachServer(OBJECT_STORE, () => app.objects.ping())
  let count = 0
  const olderThanMs = config.images.jobTimeoutMs * 2
  for await (const { key, bytes, modified } of orphans(app.pg.pool, app.objects, { olderThanMs })) {
    if (values.remove) await app.objects.remove(key)
    console.log(`${values.remove ? 'removed ' : ''}${key}  ${bytes} bytes  ${modified.toISOString()}`)
    count++
  }
  const hint = count > 0 && !values.remove ? ' (--remove removes them)' : ''
  console.log(`Objects without an image: ${count}${hint}`)
}
