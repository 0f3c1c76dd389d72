import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import type { Settings } from '../../test/support/service.ts'
import type { Endpoint, Environment } from '../environment.ts'
import { latency } from '../latency.ts'
import type { Row } from '../row.ts'
import type { Sample } from '../sample.ts'
import { bareApi } from './bare-api.ts'

const BASELINE = 'a bare Fastify route with the equivalent one-statement insert through the same pool'
const [INSERT, CREATE] = ['/insert', '/api/v1/products']
const CONNECTIONS = 50
const CREATES_A_ROUND = 100
/** Until the process has nothing left to do of the create before. */
const PAUSE_MS = 20
/** Until V8 has compiled what is hot: the bare route needs one, the service, which has more code, three. */
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

/** Both sides on servers of the run. */
async function openBoth(environment: Environment, stack: AsyncDisposableStack, settings: Settings = {}) {
  const setup = await environment.setup(stack)
  // A database of its own: its outbox rows would slow down the service's claims.
  const bare = await bareApi(environment, await environment.setup(stack), stack)
  const api = await environment.service('api', 'api', setup, stack, settings)
  return { bare, api, setup }
}

function creates(name: string, title: string, atLeast: number, settings: Settings): Row {
  return {
    name,
    title,
    baseline: BASELINE,
    warmUps: WARM_UPS,
    figures: [
      { name: 'rate', unit: 'creates/s', reach: { atLeast } },
      { name: 'cpu', unit: 'µs of CPU a request' }
    ],
    async open(environment, { seconds }, stack) {
      const { bare, api } = await openBoth(environment, stack, settings)
      const load = { connections: CONNECTIONS, seconds, method: 'POST' as const, body: product(environment) }
      return {
        baseline: () => environment.load(bare, { ...load, path: INSERT }),
        ours: () => environment.load(api, { ...load, path: CREATE })
      }
    }
  }
}

export const published = creates(
  'creates',
  'creates, two image URLs each, while RabbitMQ has as many messages as it may',
  1.2,
  {}
)
export const kept = creates('creates-postgres', 'creates in a fleet that shares only PostgreSQL', 1.5, {
  RABBITMQ_URL: '',
  RABBITMQ_IMAGE_QUEUE: ''
})

export const consumed: Row = {
  name: 'creates-consumed',
  title: 'creates, each published to RabbitMQ and taken from it at once, until all are',
  baseline: BASELINE,
  warmUps: WARM_UPS,
  figures: [
    { name: 'rate', unit: 'creates/s', reach: { atLeast: 1.2 } },
    { name: 'accepted', unit: 'responses/s' }
  ],
  async open(environment, { seconds }, stack) {
    const { bare, api, setup } = await openBoth(environment, stack)
    const { RABBITMQ_URL: url, RABBITMQ_IMAGE_QUEUE: queue } = setup.settings
    await environment.program('consumer', 'consumer.ts', { url, queue }, stack)
    const load = { connections: CONNECTIONS, seconds, method: 'POST' as const, body: product(environment) }
    const timed = async (endpoint: Endpoint, path: string, end: () => Promise<void>): Promise<Sample> => {
      const close = environment.accounts.open()
      const started = performance.now()
      const { values } = await environment.load(endpoint, { ...load, path })
      await end()
      const { rate: accepted = Number.NaN } = values
      const rate = (accepted * seconds * 1000) / (performance.now() - started)
      return { values: { rate, accepted }, usage: close() }
    }
    const published = async () => {
      while ((await setup.query('SELECT FROM outbox LIMIT 1')).length > 0) await wait(PAUSE_MS)
    }
    return {
      baseline: () => timed(bare, INSERT, async () => {}),
      ours: () => timed(api, CREATE, published)
    }
  }
}

export const single: Row = {
  name: 'create-idle',
  title: 'create on an idle system, p50',
  baseline: BASELINE,
  warmUps: WARM_UPS,
  figures: [{ name: 'milliseconds', unit: 'ms', reach: { atMost: 1.5 } }],
  async open(environment, _size, stack) {
    const { bare, api } = await openBoth(environment, stack)
    const headers = { 'content-type': 'application/json' }
    const body = product(environment)
    const post = async (url: string) => {
      const response = await request(url, { method: 'POST', headers, body })
      await response.body.dump()
      if (response.statusCode !== 201) throw new Error(`${url}: ${response.statusCode}`)
    }
    const typical = (url: string) =>
      latency(
        environment,
        CREATES_A_ROUND,
        () => post(url),
        () => wait(PAUSE_MS)
      )
    return { baseline: () => typical(bare.url + INSERT), ours: () => typical(api.url + CREATE) }
  }
}
