import type { Row } from '../row.ts'

const CONNECTIONS = 50
/** Until V8 has compiled what is hot: the bare route is there after one, the product, which has more code, after three. */
const WARM_UPS = 3

function creates(name: string, title: string, more: Record<string, string>): Row {
  return {
    name,
    title,
    ceiling: 'a bare Fastify route with the equivalent one-statement insert through the same pool',
    warmUps: WARM_UPS,
    figures: [
      { name: 'rate', unit: 'creates/s', reach: { atLeast: 0.85 } },
      { name: 'cpu', unit: 'µs of CPU a request' }
    ],
    async open(world, { seconds }, stack) {
      const estate = await world.estate(stack)
      // A database of its own: what it owes is nobody's, and nobody's claims read past it.
      const other = await world.estate(stack)
      const [bareMember, bare] = await world.program<{ port: number }>(
        'bare Fastify',
        'bare-api.ts',
        other,
        stack
      )
      const api = await world.product('api', 'api', estate, stack, more)
      const body = JSON.stringify({
        user_id: 1,
        product_name: 'Walnut desk',
        product_description: 'A desk of solid walnut, oiled by hand.',
        product_price: 1299.5,
        product_images: [world.imageUrl('6mp', 'front'), world.imageUrl('6mp', 'side')]
      })
      const load = { connections: CONNECTIONS, seconds, method: 'POST' as const, body }
      return {
        ceiling: () =>
          world.load(bareMember, { ...load, url: `http://127.0.0.1:${bare.port}`, path: '/insert' }),
        ours: () => world.load(api.member, { ...load, url: api.url, path: '/api/v1/products' })
      }
    }
  }
}

export const published = creates(
  'creates',
  'creates, two image URLs each, published to RabbitMQ meanwhile',
  {}
)
export const kept = creates('creates-postgres', 'creates in a fleet that shares only PostgreSQL', {
  RABBITMQ_URL: ''
})
