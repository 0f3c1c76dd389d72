import { startPostgres } from '../../test/support/servers/postgres.ts'
import { startRabbitmq } from '../../test/support/servers/rabbitmq.ts'
import { startRedis } from '../../test/support/servers/redis.ts'
import type { Environment, Setup } from '../environment.ts'
import { createImages } from '../images.ts'
import { serverKilled, type Victim, workerKilled } from '../peers/losses.ts'
import type { PeerName, Servers } from '../peers/peer.ts'
import { PeerSide } from '../peers/side.ts'
import type { Row } from '../row.ts'
import type { Figure } from '../sample.ts'

const DONE: Figure[] = [
  { name: 'done', unit: '% of the jobs done', reach: { atLeast: 1 } },
  { name: 'seconds', unit: 's from the last kill, 90 at most' }
]

export function workerKills(peer: PeerName): Row {
  return {
    name: `${peer}-worker-killed`,
    title: 'jobs done although their worker is killed five times',
    baseline: `a ${peer} worker`,
    figures: DONE,
    rounds: () => 1,
    whole: true,
    async open(environment, _size, stack) {
      const theirs = await theirVictim(environment, peer, stack)
      const ours = await ourVictim(environment, await environment.setup(stack), stack)
      return {
        baseline: () => workerKilled(environment, theirs),
        ours: () => workerKilled(environment, ours)
      }
    }
  }
}

export function serverKills(peer: PeerName): Row {
  return {
    name: `${peer}-server-killed`,
    title: 'jobs done although the server of their queue is killed',
    baseline: `${peer} on a durable ${peer === 'bullmq' ? 'Redis' : 'PostgreSQL'}`,
    figures: DONE,
    rounds: () => 1,
    whole: true,
    async open(environment, _size, stack) {
      const [given, restart] = await queueServer(peer, stack)
      const theirs = await theirVictim(environment, peer, stack, given)
      const rabbitmq = stack.use(await startRabbitmq())
      const setup = await environment.setup(stack)
      const settings = { ...setup.settings, RABBITMQ_URL: rabbitmq.url }
      const ours = await ourVictim(environment, { ...setup, settings }, stack)
      return {
        baseline: () => serverKilled(environment, theirs, restart),
        ours: () =>
          serverKilled(environment, ours, async () => {
            for (const node of rabbitmq.nodes) {
              await node.kill()
              await node.start()
            }
          })
      }
    }
  }
}

async function theirVictim(
  environment: Environment,
  peer: PeerName,
  stack: AsyncDisposableStack,
  given?: Partial<Servers>
): Promise<Victim> {
  const side = await PeerSide.open(environment, peer, '0.3mp', stack, given)
  const api = await side.api(stack)
  return {
    create: (jobs) => side.create(api, jobs),
    worker: (own) => side.worker(own),
    done: () => side.done()
  }
}

async function ourVictim(
  environment: Environment,
  setup: Setup,
  stack: AsyncDisposableStack
): Promise<Victim> {
  const api = await environment.service('api', 'api', setup, stack)
  return {
    create: (jobs) => createImages(environment, api, '0.3mp', jobs),
    worker: async (own) => (await environment.service('worker', 'worker', setup, own)).process,
    async done() {
      const done = `SELECT count(*)::integer AS done FROM product_images WHERE status = 'done'`
      const [row] = await setup.query<{ done: number }>(done)
      return row?.done ?? 0
    }
  }
}

/** A server of the row's own, and how to kill it and start it again. */
async function queueServer(peer: PeerName, stack: AsyncDisposableStack) {
  if (peer === 'bullmq') {
    const redis = stack.use(await startRedis({ durable: true }))
    const kill = async () => {
      await redis.kill()
      await redis.restart({ keepsSnapshot: true })
    }
    return [{ redisUrl: redis.url }, kill] as const
  }
  const postgres = stack.use(await startPostgres({ durable: true }))
  const kill = async () => {
    await postgres.kill()
    await postgres.restart()
  }
  return [{ databaseUrl: await postgres.createDatabase() }, kill] as const
}
