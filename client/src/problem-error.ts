import type { Client } from './generated/client/index.ts'
import type { Problem } from './generated/index.ts'

/** The service has refused a request; `problem` is the body of its answer (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** The client's own fetch, except that it throws a ProblemError when the service refuses. */
export function fetchOrThrow(client: Client): typeof fetch {
  const { fetch: send = globalThis.fetch } = client.getConfig()
  return async (...request) => {
    const response = await send(...request)
    if (response.ok) return response
    throw new ProblemError(await problemOf(response))
  }
}

/** What stands between client and service may answer in words of its own. */
async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText: title } = response
  const body: unknown = await response.json().catch(() => null)
  return isProblem(body) ? body : { type: 'about:blank', title, status, detail: `The answer was ${status}.` }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'status' in body && 'detail' in body
}
