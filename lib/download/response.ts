import type { Dispatcher } from 'undici'
import { BodyBuffer } from './body-buffer.ts'
import type { BufferPool } from './buffer-pool.ts'
import { compressedAnswer } from './errors.ts'

export interface AnswerRequest {
  url: URL
  headers: Record<string, string>
  /** Most bytes of a body that are taken. */
  maxBytes: number
  /** Where the memory for a body comes from. */
  spares: BufferPool
  signal: AbortSignal
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** Of a 200; that of any other answer is not read. */
  body: BodyBuffer | null
}

/**
 * Gets one answer into memory. Rejects with an ImageError when its body is too large or compressed, with the signal's
 * reason when that aborts, or with what undici, the socket or the DNS reports. In every case but a whole 200 the
 * connection is ended.
 *
 * A handler of its own, not `request()`: that one notices its signal only once a connection stands, and a stream costs
 * an event loop turn per chunk, which an answer in chunks of one byte makes expensive.
 */
export async function getResponse(dispatcher: Dispatcher, request: AnswerRequest): Promise<Answer> {
  const { url, headers, signal } = request
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let abort = reject
  let announcements = 0
  const onAbort = () => abort(signal.reason)
  signal.addEventListener('abort', onAbort)

  let answer: Answer
  let body: BodyBuffer
  // What a handler throws ends the connection and comes back in onResponseError.
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      signal.throwIfAborted()
      abort = (reason) => controller.abort(reason)
    },
    onResponseStart(controller, status, headers) {
      if (status < 200) {
        // Nobody counts their bytes: without end they kept the event loop busy until the deadline.
        if (++announcements > MAX_ANNOUNCEMENTS) throw new Error('The answer is announced again and again')
        return
      }
      if (status === 200) {
        body = openBody(headers, request)
        answer = { status, headers, body }
      } else {
        resolve({ status, headers, body: null })
        controller.abort(new Error('The body is of no interest'))
      }
    },
    onResponseData: (_controller, chunk) => body.push(chunk),
    onResponseEnd: () => resolve(answer),
    onResponseError: (_controller, error) => reject(error)
  }
  dispatcher.dispatch(
    { origin: url.origin, path: url.pathname + url.search, method: 'GET', headers },
    handler
  )
  try {
    return await promise
  } finally {
    // A deadline outlives its download, and everything here with it: 1.2 GB after 600 images, measured.
    signal.removeEventListener('abort', onAbort)
  }
}

/** Of status 1xx, before an answer. One is usual. */
const MAX_ANNOUNCEMENTS = 100

/** What is named but no compression (`binary`, `aws-chunked`, `utf-8` are met) is the file as it is. */
const COMPRESSED = /gzip|deflate|br|zstd|compress/i

function openBody(headers: Answer['headers'], { maxBytes, spares }: AnswerRequest): BodyBuffer {
  if (COMPRESSED.test(String(headers['content-encoding']))) throw compressedAnswer()
  return new BodyBuffer(Number(headers['content-length']), maxBytes, spares)
}
