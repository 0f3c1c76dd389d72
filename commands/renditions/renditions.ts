import { parseArgs } from 'node:util'
import type { Config } from '../../lib/config/config.ts'
import { UsageError } from '../arguments.ts'
import { existingParts } from '../existing-parts.ts'
import { apply } from './apply.ts'
import { plan } from './plan.ts'

export const usage = `\
asyncprod renditions plan              counts images that lack what RENDITIONS and PLACEHOLDERS define, and their cost
asyncprod renditions apply [--prune]   makes just those again; --prune removes renditions that are no longer defined`

/** `asyncprod renditions …`: what a change of settings means for images that are there. */
export async function renditions(config: Config, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { prune: { type: 'boolean', default: false } },
    allowPositionals: true
  })
  const action = positionals.join(' ')
  if (action !== 'apply' && (action !== 'plan' || values.prune)) throw new UsageError(usage)
  await using app = await existingParts(config)
  await (action === 'plan' ? plan(app, config) : apply(app, config, values.prune))
}
