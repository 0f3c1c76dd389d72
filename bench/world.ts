import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../lib/database/migrate.ts'
import { photo } from '../test/support/pictures/pictures.ts'
import { createFolder } from '../test/support/servers/guard.ts'
import { freePort } from '../test/support/servers/port.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'
import { startRabbitmq } from '../test/support/servers/rabbitmq.ts'
import { startRedis } from '../test/support/servers/redis.ts'
import { Accounts, cpuSeconds } from './accounts.ts'
import { Member } from './member.ts'
import type { Load, LoadResult } from './programs/load.ts'
import type { Question } from './programs/s3.ts'
import type { Sample } from './row.ts'

/** The pictures: as hard to code as photographs. */
export const KINDS = { '6mp': { width: 3000, height: 2000 }, '0.3mp': { width: 640, height: 480 } }
export type Kind = keyof typeof KINDS
const DIFFERENT = 4

/** A product that is ready. */
export interface Product {
  url: string
  member: Member
}

/** A database, with a queue and a Redis database that belong to it. */
export interface Estate {
  databaseUrl: string
  redisUrl: string
  variables: Record<string, string>
  query<T extends object>(text: string, values?: unknown[]): Promise<T[]>
}

/** The servers of a run, each in processes of its own, and what they took. */
export class World {
  readonly accounts = new Accounts()
  readonly stack = new AsyncDisposableStack()
  readonly pictures: Record<Kind, string[]>
  readonly #postgres
  readonly #redis
  readonly #rabbitmq
  readonly #s3: Member
  readonly #s3Port: number
  readonly #originPort: number
  readonly #load: Member

  static async start(): Promise<World> {
    const pictures = { '6mp': await developed('6mp'), '0.3mp': await developed('0.3mp') }
    const [postgres, redis, rabbitmq, s3, origin, load] = await Promise.all([
      // A 201 is a promise: PostgreSQL has it on disk.
      startPostgres({ durable: true }),
      startRedis(),
      startRabbitmq(),
      Member.program<number>('S3', 's3.ts', null),
      Member.program<number>('origin', 'origin.ts', pictures),
      Member.program('load', 'load.ts', null)
    ])
    return new World({ pictures, postgres, redis, rabbitmq, s3, origin, load: load[0] })
  }

  private constructor(parts: {
    pictures: Record<Kind, string[]>
    postgres: Awaited<ReturnType<typeof startPostgres>>
    redis: Awaited<ReturnType<typeof startRedis>>
    rabbitmq: Awaited<ReturnType<typeof startRabbitmq>>
    s3: [Member, number]
    origin: [Member, number]
    load: Member
  }) {
    const { pictures, postgres, redis, rabbitmq, s3, origin, load } = parts
    this.pictures = pictures
    this.#postgres = this.stack.use(postgres)
    this.#redis = this.stack.use(redis)
    this.#rabbitmq = this.stack.use(rabbitmq)
    this.#s3 = this.#keep(s3[0])
    this.#s3Port = s3[1]
    this.#keep(origin[0])
    this.#originPort = origin[1]
    this.#load = this.#keep(load)
  }

  #keep(member: Member): Member {
    this.accounts.name(member.pid, member.name)
    return this.stack.use(member)
  }

  /** A migrated database and an empty queue, as variables of the product. */
  async estate(stack: AsyncDisposableStack): Promise<Estate> {
    const databaseUrl = await this.#postgres.createDatabase()
    const redisUrl = await this.#redis.createDatabase()
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    stack.defer(() => client.end())
    await migrate(client)
    const variables = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      RABBITMQ_URL: this.#rabbitmq.url,
      RABBITMQ_IMAGE_QUEUE: this.#rabbitmq.queueName(),
      AWS_BUCKET_NAME: 'bench',
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${this.#s3Port}`,
      AWS_ACCESS_KEY: 'bench',
      AWS_SECRET_KEY: 'bench',
      ALLOWED_SOURCE_NETWORKS: '127.0.0.1/32',
      STARTUP_TIMEOUT_MS: '20000'
    }
    return {
      databaseUrl,
      redisUrl,
      variables,
      query: async <T extends object>(text: string, values: unknown[] = []) =>
        (await client.query<T>(text, values)).rows
    }
  }

  /** Starts the product and waits until it is healthy. */
  async product(
    name: string,
    role: 'api' | 'worker',
    estate: Estate,
    stack: AsyncDisposableStack,
    more: Record<string, string> = {}
  ): Promise<Product> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const member = stack.use(
      Member.product(name, { ...estate.variables, ROLE: role, PORT: `${port}`, ...more })
    )
    this.accounts.name(member.pid, name)
    await member.ready(`${url}/health/ready`)
    return { url, member }
  }

  async program<T>(
    name: string,
    file: string,
    options: unknown,
    stack: AsyncDisposableStack,
    env = {}
  ): Promise<[Member, T]> {
    const [member, ready] = await Member.program<T>(name, file, options, env)
    stack.use(member)
    this.accounts.name(member.pid, name)
    return [member, ready]
  }

  imageUrl(kind: Kind, id: number | string): string {
    return `http://127.0.0.1:${this.#originPort}/${kind}/${id}`
  }

  /** Load by the generator, with the account of everybody meanwhile: requests a second, their p99, CPU of the process that answers. */
  async load(server: Member, load: Load): Promise<Sample> {
    const close = this.accounts.open()
    const before = cpuSeconds(server.pid)
    const { perSecond, p99, answered } = await this.#load.ask<LoadResult>(load)
    const cpu = ((cpuSeconds(server.pid) - before) * 1_000_000) / answered
    return { values: { rate: perSecond, p99, cpu }, usage: close() }
  }

  /** When each object arrived in the store since `forgetArrivals`, once there are so many. */
  arrivals(until: number): Promise<number[]> {
    return this.#s3.ask<number[]>({ until } satisfies Question)
  }

  async forgetArrivals(): Promise<void> {
    await this.#s3.ask({ forget: true } satisfies Question)
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
