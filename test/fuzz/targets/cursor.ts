import assert from 'node:assert/strict'
import { AppError } from '../../../lib/http/app-error.ts'
import { listStatement } from '../../../lib/products/list.ts'

export const dictionary = ['MTc2MzkyMzQ1NjAwMDAwMC4x', 'LTE', '.', '-', '_', '=', '+', '/', '\u0000', 'é']

/** Whatever the cursor, PostgreSQL gets numbers that its types hold, or the caller an error. */
export function fuzz(input: Buffer): void {
  // Half of the inputs are the text itself, half are what the text decodes to.
  const cursor = (input[0] ?? 0) & 1 ? input.toString('base64url', 1) : input.toString()
  try {
    const { values } = listStatement({ user_id: 1, limit: 1, cursor })
    if (cursor === '') return
    const [, microseconds, id] = values.map(String)
    assert.match(microseconds ?? '', /^-?\d{1,17}$/)
    assert.match(id ?? '', /^\d{1,10}$/)
    assert.ok(Number(id) < 2 ** 31)
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'invalid_request')) throw error
  }
}
