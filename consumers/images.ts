import type { ConsumeMessage } from 'amqplib'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { createDecoder, decoderFence } from '../lib/decoder/decoder.ts'
import { createDownloader } from '../lib/download/download.ts'
import { inJob } from '../lib/log/context.ts'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import { TaskGroup } from '../lib/outbox/task-group.ts'
import { capacityOf } from '../lib/pipeline/capacity.ts'
import { Limiter } from '../lib/pipeline/limiter.ts'
import { ImagePipeline } from '../lib/pipeline/pipeline.ts'
import type { Broker, Settlement } from '../lib/rabbitmq/broker.ts'
import { parseMessage } from '../lib/rabbitmq/message.ts'

const LEASE_MS = 30_000

/** Where jobs come from. */
interface Intake {
  /** Takes no more jobs, waits for those that run, and aborts them after `graceMs`. */
  stop(graceMs: number): Promise<unknown>
}

/** Makes the images that are owed: as RabbitMQ delivers them, or straight from the outbox where there is none. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const capacity = capacityOf(config.images)
    const downloader = createDownloader({
      ...config.sources,
      maxBytes: config.images.maxSourceBytes,
      timeoutMs: config.images.downloadTimeoutMs,
      connectionsPerOrigin: capacity.inFlight
    })
    const decoder = createDecoder({
      maxPixels: config.images.maxSourcePixels,
      concurrency: capacity.compress
    })
    const pipeline = new ImagePipeline({
      store: app.products,
      objects: app.objects,
      downloader,
      decoder,
      limiter: new Limiter({ capacity, locate: downloader.locate }),
      retry: config.images.retry,
      jobTimeoutMs: config.images.jobTimeoutMs,
      log: app.log
    })
    let intake: Intake | undefined
    app.addHook('onReady', async () => {
      intake = app.broker
        ? await consume(app.broker, pipeline, capacity.inFlight)
        : relay(app, pipeline, capacity.inFlight)
    })
    app.shutdown.add(async (graceMs) => {
      await intake?.stop(graceMs)
      await Promise.all([downloader.close(), decoder.close()])
    })
    const { inForce, missing } = await decoderFence()
    app.log.info({ ...capacity, fence: inForce, fence_without: missing }, 'Images are processed here')
  },
  { name: 'images', dependencies: ['products', 'rabbitmq', 'storage'] }
)

async function consume(broker: Broker, pipeline: ImagePipeline, capacity: number): Promise<Intake> {
  const jobs = new TaskGroup()
  await broker.consume(capacity, (message) => jobs.run((signal) => handle(pipeline, message, signal)))
  return {
    async stop(graceMs) {
      void broker.cancel()
      await jobs.drain(graceMs)
    }
  }
}

async function handle(
  pipeline: ImagePipeline,
  { content, properties }: ConsumeMessage,
  stop: AbortSignal
): Promise<Settlement> {
  const parsed = parseMessage(content)
  if (!parsed.ok) return { settle: 'dead', reason: parsed.reason }
  const { product_id } = parsed.message
  await job(product_id, properties.headers ?? {}, () => pipeline.process(product_id, stop))
  return { settle: 'ack' }
}

function relay({ outbox, log }: FastifyInstance, pipeline: ImagePipeline, capacity: number): Intake {
  const dispatch = (row: OutboxRow, signal: AbortSignal) => work(pipeline, row, signal)
  const intake = new Relay({ outbox, kind: 'images', capacity, leaseMs: LEASE_MS, dispatch, log })
  intake.start()
  return intake
}

const job = <T>(productId: number, carried: object, work: () => Promise<T>) =>
  inJob('images of a product', carried, { 'asyncprod.product_id': productId }, work)

async function work(
  pipeline: ImagePipeline,
  { product_id, payload }: OutboxRow,
  stop: AbortSignal
): Promise<void> {
  if (product_id === null) return
  await job(product_id, payload, () => pipeline.process(product_id, stop))
}
