import { type Client, type Config, createClient as create } from './generated/client/index.ts'
import { client as generated } from './generated/client.gen.ts'
import { newKey, withRetries } from './retries.ts'

/**
 * Returns a client that repeats what the service refuses for now, creates nothing twice, and whose bodies may
 * only have fields that the service knows: others are refused with 400.
 */
export const createClient = (config: Config = {}): Client =>
  prepared(create({ ...config, fetch: withRetries(config.fetch) }))

generated.setConfig({ fetch: withRetries() })

/** The client of functions that are called without one. */
export const client = prepared(generated)

function prepared(client: Client): Client {
  client.interceptors.request.use((request) => {
    const { headers, method } = request
    if (headers.has('content-type') && !headers.has('prefer')) headers.set('prefer', 'handling=strict')
    if (method === 'POST' && !headers.has('idempotency-key')) headers.set('idempotency-key', newKey())
    return request
  })
  return client
}
