import type { Dispatcher } from 'undici'
import type { BufferPool } from '../buffer-pool.ts'
import { onceSent } from '../egress/sent.ts'
import { currentAttempt } from '../log/attempt-trace.ts'
import { BodyBuffer } from './body-buffer.ts'
import { compressedBody } from './errors.ts'

export interface SourceRequest {
  url: URL
  headers: Record<string, string>
  /** Bytes that a body may have. */
  maxBytes: number
  /** Where the memory for a body comes from. */
  pool: BufferPool
  signal: AbortSignal
}

export interface SourceResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** Of a 200; no other body is read. */
  body: BodyBuffer | null
}

/** Interim responses (1xx) before the final one; one is usual. */
const MAX_INTERIM_RESPONSES = 100

/**
 * Resolves with one response, its body in memory. Rejects with an ImageError when the body is too large or
 * compressed, with the signal's reason when that aborts, or with an error of undici or of the egress. Closes
 * the connection in every case but a complete 200.
 *
 * It is a handler of its own because `request()` notices its signal only once a connection is there, and its
 * stream takes a turn of the event loop for each chunk, which makes a response in chunks of one byte
 * expensive.
 */
export async function getResponse(
  dispatcher: Dispatcher,
  { url, headers, maxBytes, pool, signal }: SourceRequest
): Promise<SourceResponse> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<SourceResponse>()
  let abort = reject
  let interimResponses = 0
  const onAbort = () => abort(signal.reason)
  signal.addEventListener('abort', onAbort)

  const visit = currentAttempt()?.visit(url.href)
  let response: SourceResponse
  let body: BodyBuffer
  // undici closes the connection when a callback throws, and passes the error to onResponseError.
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      signal.throwIfAborted()
      abort = (reason) => controller.abort(reason)
      if (visit) onceSent(visit.sent)
    },
    onResponseStart(controller, status, headers) {
      if (status < 200) {
        // Without a bound they would keep the event loop busy until the timeout.
        if (++interimResponses > MAX_INTERIM_RESPONSES) throw new Error('Too many interim responses')
        return
      }
      visit?.responded(status)
      if (status === 200) {
        body = openBody(headers, maxBytes, pool)
        response = { status, headers, body }
      } else {
        resolve({ status, headers, body: null })
        controller.abort(new Error('The body is not used'))
      }
    },
    onResponseData: (_controller, chunk) => body.push(chunk),
    onResponseEnd: () => {
      visit?.ended()
      resolve(response)
    },
    onResponseError: (_controller, error) => reject(error)
  }
  const { origin, pathname, search } = url
  dispatcher.dispatch({ origin, path: pathname + search, method: 'GET', headers }, handler)
  try {
    return await promise
  } finally {
    // The signal outlives the download and would keep all of it in memory: 1.2 GB after 600 images.
    signal.removeEventListener('abort', onAbort)
  }
}

/** Other names in Content-Encoding (`binary`, `aws-chunked` and `utf-8` occur) leave the file as it is. */
const COMPRESSED = /gzip|deflate|br|zstd|compress/i

function openBody(headers: SourceResponse['headers'], maxBytes: number, pool: BufferPool): BodyBuffer {
  if (COMPRESSED.test(String(headers['content-encoding']))) throw compressedBody()
  return new BodyBuffer(Number(headers['content-length']), maxBytes, pool)
}
