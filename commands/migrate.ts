import { parseArgs } from 'node:util'
import type { Config } from '../lib/config/config.ts'
import { migrate as migrateDatabase } from '../lib/database/migrate.ts'
import { withWorkbench } from '../lib/workbench.ts'

export const usage = `asyncprod migrate                      brings the database to the newest version, as every start does`

/** `asyncprod migrate`: for those who migrate before they start, with rights that the service does not have. */
export async function migrate(config: Config, args: string[]): Promise<void> {
  parseArgs({ args })
  await withWorkbench(config, async ({ pool }) => {
    const client = await pool.connect()
    try {
      const applied = await migrateDatabase(client)
      for (const migration of applied) console.log(`migrated ${migration}`)
      if (applied.length === 0) console.log('The database is at the newest version')
    } finally {
      client.release()
    }
  })
}
