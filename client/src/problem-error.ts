import type { Client } from './generated/client/index.ts'
import type { Problem } from './generated/index.ts'

/** Thrown when the service refuses a request. `problem` is the body of its response (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** True if another try would fail the same way. */
export function isFinal(failure: unknown): boolean {
  if (!(failure instanceof ProblemError)) return false
  const { status } = failure.problem
  return status < 500 && status !== 429
}

/**
 * Returns the client's fetch, changed to throw a ProblemError if the service refuses the request. Throws a
 * TypeError if the client has no address: no request could be sent, however often it is tried.
 */
export function fetchOrThrow(client: Client): typeof fetch {
  const { baseUrl = '', fetch: send = globalThis.fetch } = client.getConfig()
  try {
    new Request(baseUrl)
  } catch (cause) {
    const example = 'http://127.0.0.1:8080'
    throw new TypeError(`"${baseUrl}" is no address of a service: set baseUrl, as in ${example}`, { cause })
  }
  return async (...request) => {
    const response = await send(...request)
    if (response.ok) return response
    throw new ProblemError(await problemOf(response))
  }
}

/** A proxy between client and service may respond with a body of its own. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText: title } = response
  const body: unknown = await response.json().catch(() => null)
  if (isProblem(body)) return body
  const detail = `The response was ${status}.`
  return { type: 'about:blank', title, status, code: 'unavailable', detail, error: detail }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'status' in body && 'detail' in body
}
