import { Type } from '@sinclair/typebox'
import { Problem } from '../lib/http/problem.ts'
import { ref } from '../lib/http/schema-ref.ts'

const DESCRIPTIONS = {
  400: 'The request does not fit its schema',
  401: 'Credentials are asked for, and there are none that count',
  403: 'The credentials do not act for that user',
  404: 'There is no such thing',
  409: 'A request with the same Idempotency-Key is being answered',
  412: 'The product has changed since the version named by If-Match',
  413: 'The body is too large',
  415: 'The body is no JSON',
  422: 'The request is well formed but cannot be met',
  429: 'The caller has sent too many requests; send more after the time that Retry-After names',
  503: 'The service cannot answer now; try again after the time that Retry-After names'
}

type ProblemStatus = keyof typeof DESCRIPTIONS

/** What a request to any route may end with. */
const ALWAYS = [400, 401, 429, 503] as const

/** Reply schemas for the errors that a route can end with, the usual ones included. */
export function problems<S extends ProblemStatus>(...statuses: S[]): Record<S | Always, ProblemReply> {
  return Object.fromEntries([...ALWAYS, ...statuses].map((status) => [status, problem(status)])) as Record<
    S | Always,
    ProblemReply
  >
}

type Always = (typeof ALWAYS)[number]

type ProblemReply = ReturnType<typeof problem>

/** These name the time after which a request may be met. */
const RETRIED: ProblemStatus[] = [409, 429, 503]
const retryAfter = { 'retry-after': Type.Integer({ description: 'Seconds to wait before another try' }) }

const problem = (status: ProblemStatus) => ({
  description: DESCRIPTIONS[status],
  ...(RETRIED.includes(status) && { headers: retryAfter }),
  content: { 'application/problem+json': { schema: ref(Problem) } }
})

/** The schema of a reply without a body. */
export const noBody = (options: { description: string; headers?: object }) =>
  Type.Unsafe<undefined>({ type: 'null', ...options })
