import { parseArgs } from 'node:util'
import { buildParts } from '../app.ts'
import type { Config } from '../lib/config/config.ts'

export const usage = `asyncprod migrate                      migrates the database, as every start does`

/** `asyncprod migrate`: to migrate before the first start, with rights that the service does not have. */
export async function migrate(config: Config, args: string[]): Promise<void> {
  parseArgs({ args })
  await using app = await buildParts(config)
  for (const migration of app.migrations) console.log(`migrated ${migration}`)
  if (app.migrations.length === 0) console.log('The database is at the newest version')
}
