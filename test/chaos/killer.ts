import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { generator } from '../support/pictures/pictures.ts'
import type { Tally } from '../support/tally.ts'
import type { Fleet } from './fleet.ts'
import type { Servers } from './servers.ts'

/** Something that dies or misbehaves, and when, in milliseconds from the start of the writing. */
interface Blow {
  atMs: number
  kind: string
  strike(): Promise<void>
}

export interface KillerOptions {
  seed: number
  durationMs: number
  fleet: Fleet
  servers: Servers | null
  kills: number
  outages: number
  struck: Tally
  tell(what: string): void
}

const LONGEST_RESTART_MS = 1500
/** A fleet of one works for so long before it is killed again: short enough to be in the middle of it. */
const SHORTEST_WORK_MS = 2000
const LONGEST_WORK_MS = 6000

/** Processes and servers are struck at the same time, each in a row of its own. */
export async function strikeAll(options: KillerOptions): Promise<void> {
  const started = Date.now()
  const lane = async (blows: Blow[]) => {
    for (const { atMs, kind, strike } of blows) {
      await wait(Math.max(0, started + atMs - Date.now()))
      options.tell(kind)
      await strike()
      options.struck.add(kind)
    }
  }
  await Promise.all([lane(processKills(options)), lane(serverOutages(options))])
}

function processKills({ seed, durationMs, fleet, kills }: KillerOptions): Blow[] {
  const random = generator(seed + 1)
  const names = fleet.members.map(({ name }) => name)
  return spread(kills, durationMs, random).map((atMs, index) => {
    // Everybody in turn, so that nobody is spared; when is up to the seed.
    const name = names[index % names.length] ?? ''
    const pauseMs = random() * LONGEST_RESTART_MS
    const workMs = SHORTEST_WORK_MS + random() * (LONGEST_WORK_MS - SHORTEST_WORK_MS)
    const strike = async () => {
      // A fleet of one is to be killed at work, not while it starts.
      if (fleet.members.length === 1) await fleet.complete().then(() => wait(workMs))
      await fleet.kill(name, pauseMs)
    }
    return { atMs, kind: `${name.split(' ')[0]} killed`, strike }
  })
}

function serverOutages({ seed, durationMs, servers, outages }: KillerOptions): Blow[] {
  if (!servers) return []
  const random = generator(seed + 2)
  const kinds = Object.entries(troubles(servers, random))
  const all = Array.from({ length: outages }, () => shuffled(kinds, random)).flat()
  return spread(all.length, durationMs, random).flatMap((atMs, index) => {
    const [kind, strike] = all[index] ?? []
    return kind && strike ? [{ atMs, kind, strike }] : []
  })
}

/** What can happen to a server, and its recovery. */
function troubles(
  { postgres, redis, rabbitmq, s3Proxy, queue }: Servers,
  random: () => number
): Record<string, () => Promise<void>> {
  return {
    'PostgreSQL restarted': () => postgres.restart(),
    async 'PostgreSQL killed'() {
      await postgres.kill()
      await wait(1500)
      await postgres.restart()
    },
    'Redis flushed': () => flush(redis.url),
    async 'Redis stopped'() {
      await redis.kill()
      await wait(3000)
      await redis.restart()
    },
    async 'Redis frozen'() {
      await redis.pause()
      await wait(2000)
      await redis.resume()
    },
    async 'queue leader killed'() {
      const name = leaderOf(
        await rabbitmq.rabbitmqctl(['list_queues', '--quiet', '--no-table-headers', 'name', 'leader']),
        queue
      )
      const leader = rabbitmq.nodes.find((node) => node.name === name)
      if (!leader) throw new Error(`The queue ${queue} has no leader among the nodes: ${name}`)
      await leader.kill()
      await wait(4000)
      await leader.start()
    },
    'whole broker stopped and wiped': () => rabbitmq.wipe(),
    async 'S3 answers 503'() {
      s3Proxy.fault = 'refuse'
      await wait(4000)
      s3Proxy.fault = 'none'
    },
    async 'S3 cuts connections'() {
      s3Proxy.fault = () => (random() < 0.5 ? 'reset' : 'lose')
      await wait(4000)
      s3Proxy.fault = 'none'
    }
  }
}

function leaderOf(printed: string, queue: string): string | undefined {
  const lines = printed
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  return lines.find(([name]) => name === queue)?.[1]
}

/** Moments in the order of time: one in each of so many equal parts, so that none is crowded and none is quiet. */
function spread(count: number, durationMs: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, index) => ((index + random()) * durationMs) / count)
}

function shuffled<T>(values: T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value)
}

async function flush(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write('FLUSHALL\r\n')
  await once(socket, 'data')
  socket.destroy()
}
