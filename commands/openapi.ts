import { parseArgs } from 'node:util'
import { buildDocument } from '../app.ts'
import type { Config } from '../lib/config/config.ts'

export const usage = 'asyncprod openapi                      prints the OpenAPI document; no server is needed'

/** `asyncprod openapi`: for generators of clients. */
export async function openapi(config: Config, args: string[]): Promise<void> {
  parseArgs({ args })
  console.log(JSON.stringify(await buildDocument(config), null, 2))
}
