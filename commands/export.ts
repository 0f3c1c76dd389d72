import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { exportProducts } from '../client/src/export-products.ts'
import type { Config } from '../lib/config/config.ts'
import { positive, UsageError } from './arguments.ts'
import { CONNECTION_OPTIONS, clientOf } from './service-client.ts'

export const usage = `\
asyncprod export [<file | ->] [--user-id 1] [--cursor <product id>]    writes products as lines of JSON
  [--url http://127.0.0.1:8080] [--key-file <file>]`

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  'user-id': { type: 'string' },
  cursor: { type: 'string' }
} as const

/** `asyncprod export`: all products of a user. */
export async function exportFile(config: Config, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
  const [file = '-', ...rest] = positionals
  if (rest.length > 0) throw new UsageError(usage)
  const query = {
    ...(values['user-id'] && { user_id: positive('--user-id', values['user-id']) }),
    ...(values.cursor && { cursor: positive('--cursor', values.cursor) })
  }
  const client = await clientOf(values, config)
  const output = file === '-' ? process.stdout : createWriteStream(file)
  let products = 0
  async function* lines() {
    for await (const product of exportProducts(query, { client })) {
      products++
      yield `${JSON.stringify(product)}\n`
    }
  }
  await pipeline(lines, output, { end: file !== '-' })
  console.error(`${products.toLocaleString('en')} products`)
}
