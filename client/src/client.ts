import { type Client, type Config, createClient as create } from './generated/client/index.ts'
import { client as generated } from './generated/client.gen.ts'

/** Returns a client whose bodies may only have fields that the service knows: others are refused with 400. */
export const createClient = (config?: Config): Client => strict(create(config))

/** The client of functions that are called without one. */
export const client = strict(generated)

function strict(client: Client): Client {
  client.interceptors.request.use((request) => {
    if (request.headers.has('content-type') && !request.headers.has('prefer'))
      request.headers.set('prefer', 'handling=strict')
    return request
  })
  return client
}
