import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onQuestion, say } from './child.ts'

/**
 * As much of S3 as the service uses, in memory: HeadBucket, PutObject, multipart uploads, HeadObject,
 * DeleteObject. It keeps sizes instead of bytes and checks no signature, so that the store is not what is
 * measured.
 */
const sizes = new Map<string, number>()
/** When each object arrived, in milliseconds. */
let arrivals: number[] = []
let awaited = { count: Number.POSITIVE_INFINITY, arrived: () => {} }

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3')
  if (request.method === 'PUT') return void receive(request, pathname, searchParams, response)
  request.resume()
  if (request.method === 'HEAD') {
    const size = sizes.get(pathname)
    const isBucket = pathname.split('/').filter(Boolean).length === 1
    return response
      .writeHead(
        isBucket || size !== undefined ? 200 : 404,
        size === undefined ? {} : { 'content-length': size }
      )
      .end()
  }
  if (request.method === 'DELETE') {
    sizes.delete(pathname)
    return response.writeHead(204).end()
  }
  if (searchParams.has('uploads'))
    return xml(response, 'InitiateMultipartUploadResult', '<UploadId>1</UploadId>')
  if (searchParams.has('uploadId')) {
    keep(pathname, sizes.get(pathname) ?? 0)
    return xml(response, 'CompleteMultipartUploadResult', '<ETag>"1"</ETag>')
  }
  response.writeHead(501).end()
})

function receive(
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
  response: ServerResponse
): void {
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
  })
  request.on('end', () => {
    if (query.has('partNumber')) sizes.set(path, (sizes.get(path) ?? 0) + size)
    else keep(path, size)
    response.writeHead(200, { etag: '"1"' }).end()
  })
}

function keep(path: string, size: number): void {
  sizes.set(path, size)
  if (arrivals.push(performance.now()) === awaited.count) awaited.arrived()
}

function xml(response: ServerResponse, root: string, content: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<${root}>${content}</${root}>`)
}

/** `reset` begins a new count; `until` waits for that many objects and returns when each arrived. */
export type Question = { reset: true } | { until: number }

onQuestion<Question>(async (question) => {
  if ('reset' in question) {
    arrivals = []
    sizes.clear()
    return 0
  }
  if (arrivals.length < question.until) {
    const { promise, resolve } = Promise.withResolvers<void>()
    awaited = { count: question.until, arrived: resolve }
    await promise
  }
  return arrivals
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => say((server.address() as AddressInfo).port))
