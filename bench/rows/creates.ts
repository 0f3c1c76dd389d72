import type { Environment } from '../environment.ts'
import type { Row } from '../row.ts'
import { bareApi } from './bare-api.ts'

const CONNECTIONS = 50
/** Until V8 has compiled what is hot: one for the bare route; three for the service, which has more code. */
const WARM_UPS = 3

/** The body of a create. */
export const product = (environment: Environment) =>
  JSON.stringify({
    user_id: 1,
    product_name: 'Walnut desk',
    product_description: 'A desk of solid walnut, oiled by hand.',
    product_price: 1299.5,
    product_images: [environment.imageUrl('6mp', 'front'), environment.imageUrl('6mp', 'side')]
  })

function creates(name: string, title: string, atLeast: number, more: Record<string, string>): Row {
  return {
    name,
    title,
    ceiling: 'a bare Fastify route with the equivalent one-statement insert through the same pool',
    warmUps: WARM_UPS,
    figures: [
      { name: 'rate', unit: 'creates/s', reach: { atLeast } },
      { name: 'cpu', unit: 'µs of CPU a request' }
    ],
    async open(environment, { seconds }, stack) {
      const setup = await environment.setup(stack)
      // A database of its own: its outbox rows would slow down the service's claims.
      const bare = await bareApi(environment, await environment.setup(stack), stack)
      const api = await environment.service('api', 'api', setup, stack, more)
      const load = { connections: CONNECTIONS, seconds, method: 'POST' as const, body: product(environment) }
      return {
        ceiling: () => environment.load(bare, { ...load, path: '/insert' }),
        ours: () => environment.load(api, { ...load, path: '/api/v1/products' })
      }
    }
  }
}

export const published = creates(
  'creates',
  'creates, two image URLs each, published to RabbitMQ meanwhile',
  1.2,
  {}
)
export const kept = creates('creates-postgres', 'creates in a fleet that shares only PostgreSQL', 1.5, {
  RABBITMQ_URL: '',
  RABBITMQ_IMAGE_QUEUE: ''
})
