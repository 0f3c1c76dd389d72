import type { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import type { ProductUpsert } from '../../client/src/index.ts'
import { type Line, linesOf } from '../../lib/http/lines.ts'
import { toProblem } from '../../lib/http/problem.ts'
import { UsageError } from '../arguments.ts'
import type { Mapping } from './mapping.ts'

interface Refusal {
  status: number
  code: string
  error: string
}

/** A product with the number of its line, or why the line cannot be sent. */
export type Row = { line: number } & ({ product: ProductUpsert | string } | { refusal: Refusal })

/**
 * Lines of JSON. What is not JSON is sent as it is, so that the service says what is wrong. Throws a
 * UsageError if the first line is the head of a table.
 */
export async function* jsonRows(input: Readable, mapping: Mapping): AsyncGenerator<Row, void> {
  for await (const lines of linesOf(input))
    for (const line of lines) {
      if (line.number === 1 && 'text' in line && HEAD_OF_CSV.test(line.text))
        throw new UsageError('The input is no JSON; it looks like CSV: add --csv')
      yield rowOf(line, mapping)
    }
}

/** A product in JSON begins with a brace. */
const HEAD_OF_CSV = /^\s*["\p{L}_]/u

function rowOf(line: Line, mapping: Mapping): Row {
  if ('fault' in line) {
    const { status, code, detail } = toProblem(line.fault.code, line.fault.message)
    return { line: line.number, refusal: { status, code, error: detail } }
  }
  return { line: line.number, product: mapping.isEmpty ? line.text : mapped(line.text, mapping) }
}

function mapped(text: string, mapping: Mapping): ProductUpsert | string {
  try {
    const record: unknown = JSON.parse(text)
    const isObject = typeof record === 'object' && record !== null && !Array.isArray(record)
    return isObject ? mapping.product(Object.entries(record)) : text
  } catch {
    return text
  }
}

const CSV_OPTIONS = { bom: true, columns: true, info: true, skip_empty_lines: true } as const

/** Rows of CSV (RFC 4180), numbered as a spreadsheet does. The first one has the names of the columns. */
export async function* csvRows(input: Readable, mapping: Mapping): AsyncGenerator<Row, void> {
  const parser = input.pipe(parse(CSV_OPTIONS))
  input.once('error', (error) => parser.destroy(error))
  try {
    for await (const { record, info } of parser)
      yield { line: 1 + info.records + info.empty_lines, product: mapping.product(Object.entries(record)) }
  } catch (error) {
    if (error instanceof CsvError) throw new UsageError(`The CSV cannot be read: ${error.message}`)
    throw error
  }
}
