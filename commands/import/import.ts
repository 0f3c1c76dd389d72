import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { importProducts } from '../../client/src/import-products.ts'
import type { Config } from '../../lib/config/config.ts'
import { UsageError } from '../arguments.ts'
import { CONNECTION_OPTIONS, clientOf, readable } from '../service-client.ts'
import { csvRows, jsonRows, type Row } from './input.ts'
import { Mapping } from './mapping.ts'
import { ImportProgress } from './progress.ts'
import { RefusedLines } from './refused-lines.ts'

export const usage = `\
asyncprod import <file | -> [--csv] [--map sku=external_id,…]    creates or replaces products
  [--url http://127.0.0.1:8080] [--key-file <file>] [--refused <file>]`

const MAP: string[] = []
const OPTIONS = {
  ...CONNECTION_OPTIONS,
  csv: { type: 'boolean', default: false },
  map: { type: 'string', multiple: true, default: MAP },
  refused: { type: 'string' }
} as const

/**
 * `asyncprod import`: products from lines of JSON or from CSV. Products with an external id are created or
 * replaced, so an import that was interrupted can be repeated.
 */
export async function importFile(config: Config, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
  const [file, ...rest] = positionals
  if (file === undefined || rest.length > 0) throw new UsageError(usage)
  const mapping = new Mapping(values.map.join(','), values.csv)
  const client = await clientOf(values, config)
  const size = file === '-' ? null : (await readable(file, stat(file))).size
  const path = values.refused ?? `${file === '-' ? 'import' : file}.refused.ndjson`
  await using refused = await RefusedLines.at(path)
  // It is read at once: a file that cannot be opened would fail before anybody listens.
  const input = file === '-' ? process.stdin : createReadStream(file)
  const progress = new ImportProgress(size, () => input.bytesRead)

  const sent: Row[] = []
  async function* products() {
    for await (const row of values.csv ? csvRows(input, mapping) : jsonRows(input, mapping)) {
      if ('refusal' in row) {
        progress.count(row.refusal.status)
        await refused.add({ line: row.line, ...row.refusal })
      } else {
        sent.push(row)
        yield row.product
      }
    }
  }
  for await (const { product, ...result } of importProducts(products(), { client })) {
    progress.count(result.status)
    const line = sent.shift()?.line ?? result.line
    if (result.status >= 400) await refused.add({ ...result, line, product })
  }
  console.log(progress.summary())
  if (mapping.unused.size > 0)
    console.log(
      `Columns that are no field of a product: ${[...mapping.unused].join(', ')}. Name theirs with --map.`
    )
  if (mapping.unseen.size > 0) console.log(`No line has what --map names: ${[...mapping.unseen].join(', ')}.`)
  if (refused.count === 0) return
  console.log(`The refused lines and their reasons: ${refused.path}`)
  process.exitCode = 1
}
