import { Problem } from '../lib/problem.ts'
import { ref } from '../lib/ref.ts'

const DESCRIPTIONS = {
  400: 'The request does not fit its schema',
  404: 'There is no such thing',
  412: 'The product has changed since the version named by If-Match',
  413: 'The body is too large',
  415: 'The body is no JSON',
  422: 'The request is well formed but cannot be met',
  503: 'The service cannot answer now; try again after the time that Retry-After names'
}

type ProblemStatus = keyof typeof DESCRIPTIONS

/** Reply schemas for the errors that a route can end with. */
export function problems<S extends ProblemStatus>(...statuses: S[]): Record<S, ProblemReply> {
  return Object.fromEntries(statuses.map((status) => [status, problem(status)])) as Record<S, ProblemReply>
}

type ProblemReply = ReturnType<typeof problem>

const problem = (status: ProblemStatus) => ({
  description: DESCRIPTIONS[status],
  content: { 'application/problem+json': { schema: ref(Problem) } }
})
