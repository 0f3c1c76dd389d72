import type { Kind } from '../environment.ts'
import { create, flow, service } from '../images.ts'
import { latency } from '../latency.ts'
import { PEERS, type PeerName } from '../peers/peer.ts'
import { PeerSide } from '../peers/side.ts'
import { post } from '../post.ts'
import type { Row } from '../row.ts'
import { imagesOf } from '../size.ts'
import { IMAGES_A_ROUND, WARM_UPS } from './idle.ts'
import { serverKills, workerKills } from './peer-losses.ts'

const CONNECTIONS = 50

/** Downloads, pictures, uploads and one UPDATE each: the same work by another queue. */
function pipeline(peer: PeerName, kind: Kind): Row {
  return {
    name: `${peer}-${kind}`,
    title: `images/s, ${kind === '6mp' ? 6 : 0.3} megapixels`,
    baseline: `a ${peer} worker`,
    figures: [
      { name: 'rate', unit: 'images/s', reach: { atLeast: 1 } },
      { name: 'cpu', unit: 'ms of CPU an image', reach: { atMost: 1.1 } }
    ],
    async open(environment, size, stack) {
      const images = imagesOf(size, kind)
      const side = await PeerSide.open(environment, peer, kind, stack)
      const theirs = { api: await side.api(stack), worker: await side.worker(stack) }
      const setup = await environment.setup(stack)
      const api = await environment.service('api', 'api', setup, stack)
      const worker = await environment.service('worker', 'worker', setup, stack)
      return {
        baseline: () =>
          flow(environment, {
            workers: [theirs.worker],
            images,
            create: (pictures) => side.create(theirs.api, pictures),
            done: () => side.untilDone()
          }),
        ours: () =>
          flow(environment, service(environment, setup, { api, workers: [worker.process], kind, images }))
      }
    }
  }
}

function accepted(peer: PeerName): Row {
  return {
    name: `${peer}-accepted`,
    title: 'jobs accepted over HTTP, one image each',
    baseline: `Fastify and ${peer}`,
    warmUps: 3,
    figures: [
      { name: 'rate', unit: 'jobs/s', reach: { atLeast: 1 } },
      { name: 'cpu', unit: 'µs of CPU a request' },
      { name: 'p99', unit: 'ms, p99' }
    ],
    async open(environment, { seconds }, stack) {
      const theirs = await (await PeerSide.open(environment, peer, '6mp', stack)).api(stack)
      const setup = await environment.setup(stack)
      const api = await environment.service('api', 'api', setup, stack)
      const image = environment.imageUrl('6mp', 'front')
      const load = { connections: CONNECTIONS, seconds, method: 'POST' as const }
      const job = JSON.stringify({ source_urls: [image] })
      const product = JSON.stringify({ user_id: 1, product_name: 'Desk', product_images: [image] })
      return {
        baseline: () => environment.load(theirs, { ...load, path: '/pictures', body: job }),
        ours: () => environment.load(api, { ...load, path: '/api/v1/products', body: product })
      }
    }
  }
}

function idle(peer: PeerName): Row {
  return {
    name: `${peer}-idle`,
    title: 'POST → stored on an idle system, one 6-megapixel image, p50',
    baseline: `a ${peer} worker`,
    warmUps: WARM_UPS,
    figures: [{ name: 'milliseconds', unit: 'ms' }],
    async open(environment, _size, stack) {
      const side = await PeerSide.open(environment, peer, '6mp', stack)
      const theirs = await side.api(stack)
      await side.worker(stack)
      const setup = await environment.setup(stack)
      const api = await environment.service('api', 'api', setup, stack)
      await environment.service('worker', 'worker', setup, stack)
      const image = environment.imageUrl('6mp', 'idle')
      const typical = (send: () => Promise<unknown>) =>
        latency(
          environment,
          IMAGES_A_ROUND,
          async () => {
            await send()
            await environment.arrivals(1)
          },
          () => environment.resetArrivals()
        )
      return {
        baseline: () => typical(() => post(`${theirs.url}/pictures`, { source_urls: [image] })),
        ours: () => typical(() => create(api.url, [image]))
      }
    }
  }
}

export const PEER_ROWS = PEERS.flatMap((peer) => [
  pipeline(peer, '6mp'),
  pipeline(peer, '0.3mp'),
  accepted(peer),
  idle(peer),
  workerKills(peer),
  serverKills(peer)
])
