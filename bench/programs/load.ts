import autocannon from 'autocannon'
import { quantile } from '../statistics.ts'
import { onQuestion, say } from './child.ts'

/** HTTP load by autocannon, in a process of its own. */
export interface Load {
  /** Without the path. */
  url: string
  connections: number
  seconds: number
  method: 'GET' | 'POST'
  path: string
  /** Numbers that follow the path, asked one after another from a random one on. */
  ids?: number
  body?: string
}

export interface LoadResult {
  perSecond: number
  responses: number
  /** 99 of 100 responses took at most this many milliseconds. */
  p99: number
}

onQuestion<Load>(async ({ url, connections, seconds, method, path, ids = 0, body }): Promise<LoadResult> => {
  let next = Math.floor(Math.random() * ids)
  const latencies: number[] = []
  const request: autocannon.Request =
    ids === 0
      ? { method, path }
      : { method, setupRequest: (request) => ({ ...request, path: `${path}${(next++ % ids) + 1}` }) }
  const content = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>()
  const requests = [{ ...request, ...content }]
  const instance = autocannon({ url, connections, duration: seconds, requests }, (error, result) =>
    error ? reject(error) : resolve(result)
  )
  instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds))
  const { duration, non2xx, errors, '2xx': responses } = await promise
  if (non2xx + errors > 0) throw new Error(`${non2xx} responses were errors, ${errors} requests failed`)
  return { perSecond: responses / duration, responses, p99: quantile(latencies, 0.99) }
})
say('ready')
