import pg from 'pg'
import { startRedis } from '../../test/support/servers/redis.ts'
import type { Endpoint, Environment, Kind } from '../environment.ts'
import { IMAGES_A_PRODUCT } from '../images.ts'
import { post } from '../post.ts'
import type { BenchProgram } from '../program.ts'
import type { PeerName, PeerProgram, Servers } from './peer.ts'

/** Rows of the table `pictures`; more jobs than these begin anew. */
const PICTURES = 200_000
const POLL_MS = 50

const TABLE = `
CREATE TABLE pictures (id integer PRIMARY KEY, url text, width integer, height integer);
INSERT INTO pictures (id) SELECT generate_series(1, ${PICTURES})`

/** A peer in two processes, one that accepts jobs over HTTP and one that does them. */
export class PeerSide {
  readonly #environment: Environment
  readonly #options: Omit<PeerProgram, 'role'>
  readonly #kind: Kind
  #created = 0

  constructor(environment: Environment, options: Omit<PeerProgram, 'role' | 'pictures'>, kind: Kind) {
    this.#environment = environment
    this.#options = { ...options, pictures: PICTURES }
    this.#kind = kind
  }

  /** On the servers given, or on those that are recommended for it. */
  static async open(
    environment: Environment,
    peer: PeerName,
    kind: Kind,
    stack: AsyncDisposableStack,
    given?: Partial<Servers>
  ): Promise<PeerSide> {
    const { databaseUrl, redisUrl, settings } = await environment.setup(stack)
    const s3Endpoint = settings.AWS_ENDPOINT_URL_S3 ?? ''
    const servers = { databaseUrl, redisUrl, ...(given ?? (await recommended(peer, stack))) }
    const side = new PeerSide(environment, { ...servers, peer, s3Endpoint }, kind)
    await side.#query(TABLE)
    return side
  }

  async api(stack: AsyncDisposableStack): Promise<Endpoint> {
    const [process, { port }] = await this.#start<{ port: number }>('api', stack)
    return { url: `http://127.0.0.1:${port}`, process }
  }

  async worker(stack: AsyncDisposableStack): Promise<BenchProgram> {
    const [process] = await this.#start('worker', stack)
    return process
  }

  /** As many jobs a request as a product of ours has images. */
  async create({ url }: Pick<Endpoint, 'url'>, pictures: number): Promise<void> {
    for (let left = pictures; left > 0; left -= IMAGES_A_PRODUCT) {
      const number = Math.min(left, IMAGES_A_PRODUCT)
      const source_urls = Array.from({ length: number }, () =>
        this.#environment.imageUrl(this.#kind, this.#created++)
      )
      await post(`${url}/pictures`, { source_urls })
    }
  }

  /** Resolves with how many of those that were created are done. */
  async done(): Promise<number> {
    const [row] = await this.#query<{ done: number }>(
      'SELECT count(*)::integer AS done FROM pictures WHERE id <= $1 AND url IS NOT NULL',
      [this.#created]
    )
    return row?.done ?? 0
  }

  async untilDone(): Promise<void> {
    while ((await this.done()) < this.#created) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }

  #start<T>(role: 'api' | 'worker', stack: AsyncDisposableStack): Promise<[BenchProgram, T]> {
    const name = `${this.#options.peer} ${role}`
    return this.#environment.program<T>(name, 'peer.ts', { ...this.#options, role }, stack, TUNED)
  }

  /** Over a connection of its own: its server may have been restarted meanwhile. */
  async #query<T extends object>(text: string, values?: unknown[]): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.#options.databaseUrl })
    await client.connect()
    try {
      return (await client.query<T>(text, values)).rows
    } finally {
      await client.end()
    }
  }
}

/** BullMQ's documentation recommends a Redis with AOF, written to disk each second. */
async function recommended(peer: PeerName, stack: AsyncDisposableStack): Promise<Partial<Servers>> {
  return peer === 'bullmq' ? { redisUrl: stack.use(await startRedis({ durable: true })).url } : {}
}

/** What is recommended for sharp with glibc: less memory, and a bare loop's rate is the same within 2%. */
const TUNED = { MALLOC_ARENA_MAX: '2' }
