import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../lib/database/migrate.ts'
import { photo } from '../test/support/pictures/pictures.ts'
import { createFolder } from '../test/support/servers/guard.ts'
import { freePort } from '../test/support/servers/port.ts'
import { type PostgresServer, startPostgres } from '../test/support/servers/postgres.ts'
import type { SupervisedProcess } from '../test/support/servers/process.ts'
import { type RabbitmqServer, startRabbitmq } from '../test/support/servers/rabbitmq.ts'
import { type RedisServer, startRedis } from '../test/support/servers/redis.ts'
import type { Settings } from '../test/support/service.ts'
import { Accounts } from './accounts.ts'
import { BenchProgram, startService, untilOk } from './program.ts'
import type { Load, LoadResult } from './programs/load.ts'
import type { Question } from './programs/s3.ts'
import type { Sample } from './sample.ts'

/** The pictures: as hard to code as photographs. */
export const KINDS = { '6mp': { width: 3000, height: 2000 }, '0.3mp': { width: 640, height: 480 } }
export type Kind = keyof typeof KINDS
const DIFFERENT = 4

/** A process that serves. */
export interface Endpoint {
  url: string
  process: SupervisedProcess
}

/** A database, a queue and a Redis database of their own. */
export interface Setup {
  databaseUrl: string
  redisUrl: string
  settings: Settings
  query<T extends object>(text: string, values?: unknown[]): Promise<T[]>
}

interface Parts {
  pictures: Record<Kind, string[]>
  postgres: PostgresServer
  redis: RedisServer
  rabbitmq: RabbitmqServer
  s3: BenchProgram
  s3Port: number
  originPort: number
  load: BenchProgram
}

/** The servers of a run, each in processes of its own, and the account of what they take. */
export class Environment implements AsyncDisposable {
  readonly accounts = new Accounts()
  readonly #parts: Parts
  readonly #stack: AsyncDisposableStack

  private constructor(parts: Parts, stack: AsyncDisposableStack) {
    this.#parts = parts
    this.#stack = stack
  }

  static async start(): Promise<Environment> {
    const pictures = { '6mp': await developed('6mp'), '0.3mp': await developed('0.3mp') }
    const [postgres, redis, rabbitmq] = await Promise.all([
      startPostgres({ durable: true }), // a 201 is a promise: PostgreSQL has it on disk
      startRedis(),
      startRabbitmq()
    ])
    const [s3, origin, load] = [
      new BenchProgram('s3.ts', null),
      new BenchProgram('origin.ts', pictures),
      new BenchProgram('load.ts', null)
    ]
    const stack = new AsyncDisposableStack()
    for (const part of [postgres, redis, rabbitmq, s3, origin, load]) stack.use(part)
    const [s3Port, originPort] = [await s3.message<number>(), await origin.message<number>()]
    await load.message()
    const parts = { pictures, postgres, redis, rabbitmq, s3, s3Port, originPort, load }
    const environment = new Environment(parts, stack)
    for (const [name, { pid }] of Object.entries({ S3: s3, origin, load }))
      environment.accounts.name(pid, name)
    return environment
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  /** Paths of the pictures that the origin serves. */
  pictures(kind: Kind): string[] {
    return this.#parts.pictures[kind]
  }

  imageUrl(kind: Kind, id: number | string): string {
    return `http://127.0.0.1:${this.#parts.originPort}/${kind}/${id}`
  }

  /** A migrated database and an empty queue. */
  async setup(stack: AsyncDisposableStack): Promise<Setup> {
    const { postgres, redis, rabbitmq, s3Port } = this.#parts
    const databaseUrl = await postgres.createDatabase()
    const redisUrl = await redis.createDatabase()
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    stack.defer(() => client.end())
    await migrate(client)
    const settings = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      RABBITMQ_URL: rabbitmq.url,
      RABBITMQ_IMAGE_QUEUE: rabbitmq.queueName(),
      AWS_BUCKET_NAME: 'bench',
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${s3Port}`,
      AWS_ACCESS_KEY: 'bench',
      AWS_SECRET_KEY: 'bench',
      ALLOWED_SOURCE_NETWORKS: '127.0.0.1/32',
      STARTUP_TIMEOUT_MS: '20000'
    }
    return {
      databaseUrl,
      redisUrl,
      settings,
      query: async <T extends object>(text: string, values: unknown[] = []) =>
        (await client.query<T>(text, values)).rows
    }
  }

  /** Starts the service and waits until it is ready. */
  async service(
    name: string,
    role: 'api' | 'worker',
    { settings }: Setup,
    stack: AsyncDisposableStack,
    more: Settings = {}
  ): Promise<Endpoint> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const process = stack.use(startService({ ...settings, ROLE: role, PORT: `${port}`, ...more }))
    this.accounts.name(process.pid, name)
    await untilOk(`${url}/health/ready`, process)
    return { url, process }
  }

  /** Starts one of bench/programs. Resolves when it is ready, with its first message. */
  async program<T>(
    name: string,
    file: string,
    options: unknown,
    stack: AsyncDisposableStack,
    env: Settings = {}
  ): Promise<[BenchProgram, T]> {
    const program = stack.use(new BenchProgram(file, options, env))
    this.accounts.name(program.pid, name)
    return [program, await program.message<T>()]
  }

  /** Sends load. Measures requests a second, their p99, and the CPU a request of the process that serves. */
  async load({ url, process }: Endpoint, load: Omit<Load, 'url'>): Promise<Sample> {
    const close = this.accounts.open()
    const before = process.usage().cpuSeconds
    const { perSecond, p99, responses } = await this.#parts.load.ask<LoadResult>({ ...load, url })
    const cpu = ((process.usage().cpuSeconds - before) * 1_000_000) / responses
    return { values: { rate: perSecond, p99, cpu }, usage: close() }
  }

  /** When each object arrived in the store since `resetArrivals`, once there are so many. */
  arrivals(until: number): Promise<number[]> {
    return this.#parts.s3.ask<number[]>({ until } satisfies Question)
  }

  async resetArrivals(): Promise<void> {
    await this.#parts.s3.ask({ reset: true } satisfies Question)
  }
}

/** Written once, so that the origin serves the same bytes that the bare loop reads. */
async function developed(kind: Kind): Promise<string[]> {
  const folder = createFolder('pictures')
  const seeds = Array.from({ length: DIFFERENT }, (_, index) => index + 1)
  return Promise.all(
    seeds.map(async (seed) => {
      const path = join(folder, `${kind}-${seed}.jpg`)
      writeFileSync(path, await photo({ ...KINDS[kind], seed }))
      return path
    })
  )
}
