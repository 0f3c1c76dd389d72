import { STATUS_CODES } from 'node:http'
import { ERROR_STATUSES, type ErrorCode, type InputProblem } from '../../lib/http/app-error.ts'

/** The content type of an error. */
export const PROBLEM = 'application/problem+json; charset=utf-8'

/** The body of an error. */
export function problem(code: ErrorCode, detail: string, errors?: InputProblem[]) {
  const status = ERROR_STATUSES[code]
  const title = STATUS_CODES[status]
  return { type: 'about:blank', title, status, code, detail, error: detail, ...(errors && { errors }) }
}

/** The response to an If-Match of another version. */
export const versionMismatch = (productId: number) =>
  problem(
    'version_mismatch',
    `Product ${productId} does not have the version that If-Match names: ` +
      'read it again and retry with its current ETag, including the quotes.'
  )
