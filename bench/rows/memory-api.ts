import type { Endpoint } from '../environment.ts'
import type { Row } from '../row.ts'
import { bareApi } from './bare-api.ts'
import { product } from './creates.ts'
import { seed } from './reads.ts'

const CONNECTIONS = 50
/** Few, so that reads come from the cache. */
const PRODUCTS = 200

export const row: Row = {
  name: 'memory-api',
  title: 'resident memory of ROLE=api after creates and cached reads',
  baseline: 'bare Fastify, pg and Redis after the same load',
  warmUps: 2,
  figures: [{ name: 'memory', unit: 'MB', reach: { atMost: 1.2 }, limit: 150 }],
  async open(environment, { seconds }, stack) {
    const setup = await environment.setup(stack)
    await seed(setup, PRODUCTS)
    const api = await environment.service('api', 'api', setup, stack)
    const bare = await bareApi(environment, await environment.setup(stack), stack)
    const after = async (endpoint: Endpoint, create: string, read: string) => {
      const load = { connections: CONNECTIONS, seconds }
      await environment.load(endpoint, { ...load, method: 'POST', path: create, body: product(environment) })
      const { usage } = await environment.load(endpoint, {
        ...load,
        method: 'GET',
        path: read,
        ids: PRODUCTS
      })
      return { values: { memory: endpoint.process.residentBytes() / 1_000_000 }, usage }
    }
    return {
      baseline: () => after(bare, '/insert', '/get/'),
      ours: () => after(api, '/api/v1/products', '/api/v1/products/')
    }
  }
}
