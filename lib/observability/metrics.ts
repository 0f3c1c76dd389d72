import type { Pool } from 'pg'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { cacheReads } from '../cache/cache.ts'
import { isOutcome, outcomes, type StageContext, stages } from '../pipeline/stages.ts'
import type { Outcome } from '../products/changes.ts'
import type { Broker } from '../rabbitmq/broker.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What Prometheus asks for. Watches the image stages of this process until `close`. */
export class Metrics {
  readonly registry = new Registry()
  readonly #requests = this.#histogram('http_request_duration_seconds', 'Requests by route', [
    'method',
    'route',
    'status'
  ])
  readonly #stages = this.#histogram('asyncprod_stage_duration_seconds', 'Stages of an image', [
    'stage',
    'outcome'
  ])
  readonly #images = this.#counter('asyncprod_images_total', 'Attempts at images by what became of them', [
    'outcome',
    'code'
  ])
  readonly #sourceBytes = this.#counter(
    'asyncprod_source_bytes_total',
    'Bytes of the source images that were made'
  )
  readonly #resultBytes = this.#counter('asyncprod_result_bytes_total', 'Bytes of the finished images')
  readonly #cacheReads = this.#counter(
    'asyncprod_cache_reads_total',
    'Products read, by where they were found',
    ['found']
  )
  readonly #started = new WeakMap<StageContext, number>()
  readonly #watcher = {
    start: (context: StageContext) => void this.#started.set(context, performance.now()),
    asyncEnd: (context: StageContext & { error?: unknown }) => this.#stageEnded(context),
    end: () => undefined,
    asyncStart: () => undefined,
    error: () => undefined
  }
  readonly #cacheRead = (message: unknown) =>
    void this.#cacheReads.inc({ found: isHit(message) ? 'cache' : 'database' })
  readonly #outcome = (message: unknown) => void (isOutcome(message) && this.#imageEnded(message))

  constructor() {
    collectDefaultMetrics({ register: this.registry })
    stages.subscribe(this.#watcher)
    outcomes.subscribe(this.#outcome)
    cacheReads.subscribe(this.#cacheRead)
  }

  close(): void {
    stages.unsubscribe(this.#watcher)
    outcomes.unsubscribe(this.#outcome)
    cacheReads.unsubscribe(this.#cacheRead)
  }

  requestEnded(request: { method: string; route: string; status: number; ms: number }): void {
    const { method, route, status, ms } = request
    this.#requests.observe({ method, route, status }, ms / 1000)
  }

  /** Asked at each scrape: the database and the broker know what all processes together have to do. */
  watchWork(pool: Pool, broker: Broker | null): void {
    const owed = this.#gauge('asyncprod_outbox_rows', 'Owed work that nobody has taken over', [
      'kind',
      'state'
    ])
    const age = this.#gauge('asyncprod_outbox_oldest_seconds', 'Since when the oldest owed work is due', [
      'kind'
    ])
    const pending = this.#gauge('asyncprod_pending_images', 'Images that are neither done nor failed')
    const poolSize = this.#gauge('asyncprod_database_connections', 'Connections of this process', ['state'])
    const depth = broker && this.#gauge('asyncprod_queue_messages', 'Messages that wait in the image queue')
    this.#beforeScrape = async () => {
      poolSize.set({ state: 'idle' }, pool.idleCount)
      poolSize.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
      poolSize.set({ state: 'waited_for' }, pool.waitingCount)
      const { rows } = await pool.query<OutboxRow>(OUTBOX)
      owed.reset()
      age.reset()
      for (const { kind, due, later, oldest } of rows) {
        owed.set({ kind, state: 'due' }, due)
        owed.set({ kind, state: 'later' }, later)
        age.set({ kind }, oldest)
      }
      const counted = await pool.query<{ images: number }>(PENDING)
      pending.set(counted.rows[0]?.images ?? 0)
      if (depth) depth.set(await broker.depth())
    }
  }

  /** The text that Prometheus reads. What cannot be asked at this moment is left as it was. */
  async scrape(): Promise<string> {
    await this.#beforeScrape().catch(() => undefined)
    return this.registry.metrics()
  }

  #beforeScrape = async () => {}

  #stageEnded(context: StageContext & { error?: unknown }): void {
    const started = this.#started.get(context) ?? performance.now()
    const outcome = context.error === undefined ? 'ok' : 'error'
    this.#stages.observe({ stage: context.stage, outcome }, (performance.now() - started) / 1000)
  }

  #imageEnded(outcome: Outcome): void {
    this.#images.inc({ outcome: outcome.status, code: 'code' in outcome ? outcome.code : '' })
    if (outcome.status !== 'done') return
    this.#sourceBytes.inc(outcome.source_bytes)
    this.#resultBytes.inc(outcome.bytes)
  }

  #histogram(name: string, help: string, labelNames: string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] })
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }
}

interface OutboxRow {
  kind: string
  due: number
  later: number
  oldest: number
}

const OUTBOX = `SELECT kind, count(*) FILTER (WHERE due_at <= now())::integer AS due,
  count(*) FILTER (WHERE due_at > now())::integer AS later,
  greatest(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
  FROM outbox GROUP BY kind`

const PENDING = `SELECT count(*)::integer AS images FROM product_images WHERE status = 'pending'`

const isHit = (message: unknown) =>
  typeof message === 'object' && message !== null && 'hit' in message && message.hit === true
