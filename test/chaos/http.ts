import { type Dispatcher, request } from 'undici'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** `unsent`: nobody listened, so nothing was done. `cut`: whether something was done, nobody can say. */
export type Reply = Answer | 'unsent' | 'cut'

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  body?: object
  headers?: Record<string, string>
}

const PATIENCE_MS = 30_000

/** One request to one process of the service. Never rejects. */
export async function send(
  dispatcher: Dispatcher,
  base: string,
  { method, path, body, headers }: Call
): Promise<Reply> {
  try {
    const answer = await request(base + path, {
      dispatcher,
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(PATIENCE_MS)
    })
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'unsent' : 'cut'
  }
}

export const headerOf = ({ headers }: Answer, name: string) => String(headers[name] ?? '')
