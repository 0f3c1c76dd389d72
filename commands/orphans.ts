import { parseArgs } from 'node:util'
import type { Config } from '../lib/config/config.ts'
import { orphans } from '../lib/storage/orphans.ts'
import { withWorkbench } from '../lib/workbench.ts'
import { UsageError } from './arguments.ts'

export const usage = `asyncprod objects sweep [--remove]     objects in the bucket that no image names`

/** `asyncprod objects …`: what lies in the object store. */
export async function objects(config: Config, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { remove: { type: 'boolean', default: false } },
    allowPositionals: true
  })
  if (positionals.join(' ') !== 'sweep') throw new UsageError(usage)
  await withWorkbench(config, async ({ pool, objects }) => {
    let count = 0
    for await (const { key, bytes, modified } of orphans(pool, objects, config.images.jobTimeoutMs * 2)) {
      if (values.remove) await objects.remove(key)
      console.log(`${values.remove ? 'removed ' : ''}${key}  ${bytes} bytes  ${modified.toISOString()}`)
      count++
    }
    console.log(
      `Objects without an image: ${count}${count > 0 && !values.remove ? ' (--remove removes them)' : ''}`
    )
  })
}
