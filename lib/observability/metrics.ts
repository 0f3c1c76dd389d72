import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { decodersMemory, isDecoderKilled, runningDecoders } from '../decoder/diagnostics.ts'
import type { Log } from '../log/log.ts'
import type { ClaimedRow, FailedRow } from '../outbox/diagnostics.ts'
import { isOutcome, type StageContext, stages } from '../pipeline/stages.ts'
import type { Outcome } from '../products/changes.ts'
import { Readings } from './readings.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** Work may wait for hours. */
const WAIT_SECONDS = [0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 28_800]

/** The metrics of this process. Listens to its diagnostics channels until `close`. */
export class Metrics {
  readonly registry = new Registry()
  readonly readings: Readings
  readonly #requests = this.#histogram('http_request_duration_seconds', 'Requests by route', [
    'method',
    'route',
    'status'
  ])
  readonly #stages = this.#histogram('asyncprod_stage_duration_seconds', 'Stages of an image', [
    'stage',
    'outcome'
  ])
  readonly #waits = this.#histogram(
    'asyncprod_claim_wait_seconds',
    'Time that outbox rows were due before this process claimed them',
    ['kind', 'class'],
    WAIT_SECONDS
  )
  readonly #images = this.#counter('asyncprod_images_total', 'Attempts at images by outcome', [
    'outcome',
    'code'
  ])
  readonly #sourceBytes = this.#counter('asyncprod_source_bytes_total', 'Bytes of the sources of done images')
  readonly #resultBytes = this.#counter('asyncprod_result_bytes_total', 'Bytes of done images')
  readonly #renditions = this.#counter('asyncprod_renditions_total', 'Renditions of done images', [
    'rendition'
  ])
  readonly #renditionBytes = this.#counter(
    'asyncprod_rendition_bytes_total',
    'Bytes of renditions of done images',
    ['rendition']
  )
  readonly #cacheReads = this.#counter('asyncprod_cache_reads_total', 'Products read, by where they were', [
    'found'
  ])
  readonly #decoderKills = this.#counter(
    'asyncprod_decoder_kills_total',
    'Decoders that were killed, or crashed, by reason',
    ['reason']
  )
  readonly #failures = this.#counter(
    'asyncprod_outbox_failures_total',
    'Outbox work that failed, by what follows',
    ['kind', 'outcome']
  )
  readonly #stageEvents = {
    start: () => undefined,
    asyncEnd: (context: StageContext & { error?: unknown }) => this.#stageEnded(context),
    end: () => undefined,
    asyncStart: () => undefined,
    error: () => undefined
  }
  /** By the name of the channel. */
  readonly #listeners: Record<string, (message: unknown) => void> = {
    'asyncprod:outcome': (message) => isOutcome(message) && this.#imageEnded(message),
    'asyncprod:cache-read': (message) =>
      this.#cacheReads.inc({ found: isHit(message) ? 'cache' : 'database' }),
    'asyncprod:claimed': (message) => isClaimed(message) && this.#claimed(message),
    'asyncprod:outbox-failure': (message) =>
      isFailure(message) && this.#failures.inc({ kind: message.kind, outcome: message.outcome }),
    'asyncprod:decoder': (message) =>
      isDecoderKilled(message) && this.#decoderKills.inc({ reason: message.reason })
  }

  constructor(log: Log) {
    collectDefaultMetrics({ register: this.registry })
    this.readings = new Readings(this.registry, log)
    this.readings.add({
      name: 'asyncprod_decoder_resident_bytes',
      help: 'Resident memory of the decoders of this process',
      read: async () => [{ value: decodersMemory() }]
    })
    this.readings.add({
      name: 'asyncprod_decoders',
      help: 'Decoders of this process',
      read: async () => [{ value: runningDecoders.size }]
    })
    stages.subscribe(this.#stageEvents)
    for (const [channel, listener] of Object.entries(this.#listeners)) subscribe(channel, listener)
  }

  close(): void {
    stages.unsubscribe(this.#stageEvents)
    for (const [channel, listener] of Object.entries(this.#listeners)) unsubscribe(channel, listener)
  }

  requestEnded(request: { method: string; route: string; status: number; ms: number }): void {
    const { method, route, status, ms } = request
    this.#requests.observe({ method, route, status }, ms / 1000)
  }

  #stageEnded(context: StageContext & { error?: unknown }): void {
    const { stage, startedAt, error } = context
    const outcome = error === undefined ? 'ok' : 'error'
    this.#stages.observe({ stage, outcome }, (performance.now() - startedAt) / 1000)
  }

  #imageEnded(outcome: Outcome): void {
    this.#images.inc({ outcome: outcome.status, code: 'code' in outcome ? outcome.code : '' })
    if (outcome.status !== 'done') return
    this.#sourceBytes.inc(outcome.source_bytes)
    this.#resultBytes.inc(outcome.bytes)
    for (const [rendition, { bytes }] of Object.entries(outcome.renditions)) {
      this.#renditions.inc({ rendition })
      this.#renditionBytes.inc({ rendition }, bytes)
    }
  }

  #claimed({ kind, class: rank, waitMs }: ClaimedRow): void {
    this.#waits.observe({ kind, class: rank === 0 ? 'interactive' : 'bulk' }, waitMs / 1000)
  }

  #histogram(name: string, help: string, labelNames: string[], buckets = SECONDS): Histogram {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] })
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }
}

const isClaimed = (message: unknown): message is ClaimedRow =>
  typeof message === 'object' && message !== null && 'waitMs' in message

const isFailure = (message: unknown): message is FailedRow =>
  typeof message === 'object' && message !== null && 'kind' in message

const isHit = (message: unknown) =>
  typeof message === 'object' && message !== null && 'hit' in message && message.hit === true
