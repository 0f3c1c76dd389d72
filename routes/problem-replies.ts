import { Type } from '@sinclair/typebox'
import { Problem } from '../lib/http/problem.ts'
import { PROBLEM_EXAMPLES } from '../lib/http/problem-examples.ts'
import { ref } from '../lib/http/schema-ref.ts'

const DESCRIPTIONS = {
  400: 'The request is malformed or does not match the schema',
  401: 'Credentials are missing or invalid',
  403: 'The credentials are not valid for that user, or only for reading',
  404: 'It does not exist, or belongs to another user',
  409: 'The external id is taken, or the first request with the same Idempotency-Key is still running',
  412: 'The product has changed since the version named by If-Match',
  413: 'The body is too large',
  415: 'The body is not JSON in UTF-8',
  422: 'The request matches the schema but cannot be carried out',
  429: 'The caller has sent too many requests; retry after the time in Retry-After',
  503: 'The service is overloaded or unavailable; retry after the time in Retry-After'
}

type ProblemStatus = keyof typeof DESCRIPTIONS

/** Any route may respond with these. */
const ALWAYS = [400, 401, 429, 503] as const

/** Returns response schemas for these errors and for those of every route. */
export function problems<S extends ProblemStatus>(...statuses: S[]): Record<S | Always, ProblemReply> {
  return Object.fromEntries([...ALWAYS, ...statuses].map((status) => [status, problem(status)])) as Record<
    S | Always,
    ProblemReply
  >
}

type Always = (typeof ALWAYS)[number]

type ProblemReply = ReturnType<typeof problem>

/** Responses with Retry-After. */
const RETRIED: ProblemStatus[] = [409, 429, 503]
const retryAfter = { 'retry-after': Type.Integer({ description: 'Seconds to wait before a retry' }) }

const problem = (status: ProblemStatus) => ({
  description: DESCRIPTIONS[status],
  ...(RETRIED.includes(status) && { headers: retryAfter }),
  content: { 'application/problem+json': { schema: ref(Problem), examples: examplesOf(status) } }
})

/** Returns one for each code of the status. The examples are components of the document. */
function examplesOf(status: ProblemStatus): Record<string, { $ref: string }> {
  const codes = Object.values(PROBLEM_EXAMPLES).flatMap((example) =>
    example.status === status ? example.code : []
  )
  return Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
}

/** The schema of a response without a body. */
export const noBody = (options: { description: string; headers?: object }) =>
  Type.Unsafe<undefined>({ type: 'null', ...options })
