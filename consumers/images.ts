import type { ConsumeMessage } from 'amqplib'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { decoderFence } from '../lib/decoder/decoder.ts'
import { inJob } from '../lib/log/context.ts'
import { addLimiterReadings } from '../lib/observability/limiter.ts'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import { TaskGroup } from '../lib/outbox/task-group.ts'
import { UserJobs } from '../lib/outbox/user-jobs.ts'
import { capacityOf, uploadsOf } from '../lib/pipeline/capacity.ts'
import { imageTools } from '../lib/pipeline/image-tools.ts'
import { Limiter } from '../lib/pipeline/limiter.ts'
import { ProductProcessor } from '../lib/pipeline/process-product.ts'
import type { Broker } from '../lib/rabbitmq/broker.ts'
import type { Settlement } from '../lib/rabbitmq/consumer.ts'
import { parseMessage } from '../lib/rabbitmq/message.ts'
import { RABBITMQ } from '../lib/rabbitmq/server.ts'
import { waitForServer } from '../lib/startup/wait-for-server.ts'

const LEASE_MS = 30_000

/** Where jobs come from. */
interface JobSource {
  /** Takes no more jobs, waits for those that run, and aborts them after `graceMs`. */
  stop(graceMs: number): Promise<unknown>
}

/**
 * Processes images as RabbitMQ delivers their products, or straight from the outbox where there is no
 * RabbitMQ.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const capacity = capacityOf(config.images)
    // Twice as many, for images that decode longer than a second and no longer occupy a core (Cores).
    const tools = imageTools(config, app.objects, {
      connectionsPerOrigin: capacity.inFlight,
      decodes: 2 * capacity.compress,
      reads: app.storeBreakers.reads
    })
    const { renditions, keepOriginals } = config.images
    const uploads = uploadsOf(capacity, renditions.length + Number(keepOriginals), app.objects.maxPuts)
    const ruleOf = (domain: string) => app.controls.get('origin', domain)
    const limiter = new Limiter({
      capacity,
      uploads,
      ruleOf,
      locate: tools.downloader.locate,
      store: app.storeBreakers.uploads
    })
    app.controls.on('changed', () => limiter.rulesChanged())
    addLimiterReadings(app.readings, limiter)
    const processor = new ProductProcessor({
      store: app.products,
      objects: app.objects,
      ...tools,
      limiter,
      wanted: config.images,
      retry: config.images.retry,
      jobTimeoutMs: config.images.jobTimeoutMs,
      log: app.log
    })
    const others = othersPlaces(capacity.inFlight)
    const users = new UserJobs(app.broker ? others : capacity.inFlight)
    let intake: JobSource | undefined
    app.addHook('onReady', async () => {
      intake = app.broker
        ? await consume(app, app.broker, processor, {
            users,
            capacity: capacity.inFlight,
            timeoutMs: config.startupTimeoutMs
          })
        : relay(app, processor, { users, capacity: capacity.inFlight + others })
    })
    app.shutdown.add(async (graceMs) => {
      await intake?.stop(graceMs)
      await tools.close()
    })
    const { inForce, missing } = await decoderFence()
    app.heartbeat.watch({
      jobs: () => users.count,
      origins: () => limiter.origins(),
      fence: { in_force: inForce, missing }
    })
    app.log.info({ ...capacity, fence: inForce, fence_without: missing }, 'Images are processed here')
  },
  { name: 'images', dependencies: ['heartbeat', 'metrics', 'products', 'rabbitmq', 'storage'] }
)

/**
 * What waits in RabbitMQ waits in its order. So that a user whose messages are not the first need not wait
 * for another user's, a worker that is busy also takes rows straight from the outbox, of users with few jobs
 * here.
 */
async function consume(
  app: FastifyInstance,
  broker: Broker,
  processor: ProductProcessor,
  { users, capacity, timeoutMs }: { users: UserJobs; capacity: number; timeoutMs: number }
): Promise<JobSource> {
  const jobs = new TaskGroup()
  const others = othersPlaces(capacity)
  const room = () => (users.count >= capacity - others ? others : 0)
  const { outbox, log } = app
  const begin = () =>
    broker.consume(capacity, (message) => jobs.run((signal) => handle(processor, users, message, signal)))
  const resume = () => void begin().catch(() => undefined)
  const pause = () => void broker.cancel()
  outbox.events.on('paused', pause).on('resumed', resume)
  if (!outbox.isPaused) {
    resume()
    await waitForServer(RABBITMQ, { timeoutMs, log }, () => broker.consuming())
  }
  const direct = relay(app, processor, { users, capacity: others, room })
  return {
    async stop(graceMs) {
      outbox.events.off('resumed', resume)
      pause()
      await Promise.all([jobs.drain(graceMs), direct.stop(graceMs)])
    }
  }
}

/** Only messages that cannot be parsed are dead-lettered. */
async function handle(
  processor: ProductProcessor,
  users: UserJobs,
  { content, properties, fields: { redelivered } }: ConsumeMessage,
  stop: AbortSignal
): Promise<Settlement> {
  const parsed = parseMessage(content)
  if (!parsed.ok) return { settle: 'dead', reason: parsed.reason }
  const { product_id, user_id } = parsed.message
  const process = () => processor.process(product_id, stop, { redelivered })
  await users.run(user_id, () => inImageJob(product_id, properties.headers ?? {}, process))
  return { settle: 'ack' }
}

function relay(
  { outbox, log }: FastifyInstance,
  processor: ProductProcessor,
  { users, ...options }: { users: UserJobs; capacity: number; room?: () => number }
): JobSource {
  const dispatch = async ({ product_id, user_id, payload, claims }: OutboxRow, stop: AbortSignal) => {
    if (product_id === null) return
    const process = () => processor.process(product_id, stop, { redelivered: claims > 1 })
    await users.run(user_id, () => inImageJob(product_id, payload, process))
  }
  const intake = new Relay({
    ...options,
    outbox,
    kind: 'images',
    leaseMs: LEASE_MS,
    perUser: users,
    dispatch,
    log
  })
  intake.start()
  return intake
}

/** Places beside those that one user may take. */
const othersPlaces = (places: number) => Math.ceil(places / 3)

const inImageJob = (productId: number, carried: object, work: () => Promise<void>) =>
  inJob('images of a product', carried, { 'asyncprod.product_id': productId }, work)
