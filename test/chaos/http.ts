import { type Dispatcher, request } from 'undici'

export interface HttpResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** `unsent`: nothing listened, so nothing was done. `cut`: no response, so something may have been done. */
export type Reply = HttpResponse | 'unsent' | 'cut'

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
    const response = await request(base + path, {
      dispatcher,
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(PATIENCE_MS)
    })
    return { status: response.statusCode, headers: response.headers, body: await response.body.text() }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'unsent' : 'cut'
  }
}

export const headerOf = ({ headers }: HttpResponse, name: string) => String(headers[name] ?? '')
