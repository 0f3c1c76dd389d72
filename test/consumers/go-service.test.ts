import { type ChannelModel, connect } from 'amqplib'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { GoService, goKey, goUrl } from '../support/go-service.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { removeLate } from '../support/outbox.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedRabbitmq } from '../support/servers/shared.ts'
import { create, small } from './pipeline/scene.ts'
import { real } from './services-under-test.ts'

/** Products, and messages that are more than enough for them: five attempts at each, and as many copies. */
const PRODUCTS = 16
const MOST_MESSAGES = PRODUCTS * 10

/** The Go service's worker: makes what a message names, leaves out failures, writes the product back. */
async function goWorker(t: Test, connection: ChannelModel, { objects, pg }: FastifyInstance, queue: string) {
  const go = new GoService(pg.pool)
  const jpeg = await labelled(1, small)
  const { signal } = new AbortController()
  const channel = await connection.createChannel()
  await channel.prefetch(1)
  let handled = 0
  let isBusy = false
  await channel.consume(queue, async (message) => {
    if (!message) return
    isBusy = true
    handled++
    const { product_id, image_urls } = JSON.parse(message.content.toString())
    const results: string[] = []
    for (const source of image_urls) {
      if (source.includes('broken')) continue
      const key = goKey(product_id, source)
      await objects.put(key, jpeg, signal)
      results.push(goUrl(key))
    }
    await go.writeBack(product_id, results)
    channel.ack(message)
    isBusy = false
  })
  t.teardown(() => channel.close())
  return { handled: () => handled, isBusy: () => isBusy }
}

/** Makes what waits for another attempt due, until nothing is left to do. */
async function converged(app: FastifyInstance, worker: Awaited<ReturnType<typeof goWorker>>): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    if (worker.handled() > MOST_MESSAGES) throw new Error(`no end after ${worker.handled()} messages`)
    // In one statement: a message that comes before its image is due changes nothing, and the sweep would
    // enqueue the image again only after eight minutes.
    await app.pg.query(
      `WITH due AS (UPDATE product_images SET due_at = now() WHERE status = 'pending' AND due_at > now())
       UPDATE outbox SET due_at = now() WHERE kind = 'images' AND claims = 0`
    )
    app.outbox.poke()
    const { rows } = await app.pg.query<{ left: number }>(
      `SELECT (SELECT count(*) FROM outbox WHERE kind = 'images' OR due_at <= now() OR claims > 0)::integer
         + (SELECT count(*) FROM product_images WHERE status = 'pending')::integer AS left`
    )
    const isQuiet = rows[0]?.left === 0 && (await app.broker?.depth()) === 0 && !worker.isBusy()
    quiet = isQuiet ? quiet + 1 : 0
  }
}

/** In each, what is left over is removed, which takes some milliseconds. */
const MOST_LOOKS = 2000

/**
 * Resolves with the keys of all objects: once they are the expected ones, and otherwise after many looks. A
 * worker may still leave a result that the other one's has made useless, which is removed only later.
 */
async function storedAtLast(app: FastifyInstance, expected: string[]): Promise<string[]> {
  for (let looks = 1; ; looks++) {
    await removeLate(app)
    const keys: string[] = []
    for await (const { key } of app.objects.list('products/')) keys.push(key)
    keys.sort()
    if (looks === MOST_LOOKS || JSON.stringify(keys) === JSON.stringify(expected)) return keys
  }
}

for (const [name, variables] of [
  ['our API and its worker', { ROLE: 'api' }],
  ['both services whole', {}]
] as const) {
  t.test(`${name} come to an end, with one object for each image`, needsServices, async (t) => {
    const server = await sharedRabbitmq(t)
    const queue = server.queueName()
    const connection = await connect(server.url)
    t.teardown(() => connection.close())
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue(queue, { durable: true })
    const { app } = await real(t, { ...variables, RABBITMQ_IMAGE_QUEUE: queue })
    const go = new GoService(app.pg.pool)
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    const picture = respond(await labelled(1, small))
    const source = (path: string) => {
      if (!path.includes('broken')) origin.on(path, picture)
      return origin.url + path
    }
    const worker = await goWorker(t, connection, app, queue)
    /** Its API publishes for itself. */
    const publish = (product_id: number, image_urls: string[]) =>
      channel.sendToQueue(queue, Buffer.from(JSON.stringify({ product_id, user_id: 1, image_urls })))

    for (let n = 0; n < PRODUCTS; n++) {
      const urls = [`/${n}/a.jpg`, `/${n}/b.png`, ...(n % 4 === 0 ? [`/${n}/broken.jpg`] : [])].map(source)
      const id = n % 2 === 0 ? await create(app, urls) : await go.create(urls)
      if (n % 2 === 1) publish(id, urls)
      const changed = [...urls.slice(1), source(`/${n}/c.jpg`)]
      if (n % 8 === 2) {
        await go.replace(id, changed)
        publish(id, changed)
      }
      if (n % 8 === 3) {
        const payload = { user_id: 1, product_name: 'Ours, changed', product_images: changed }
        await app.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
      }
    }
    await converged(app, worker)

    const images = (await app.pg.query('SELECT status, source_url, object_key FROM product_images')).rows
    for (const { status, source_url } of images)
      t.equal(status, source_url.includes('broken') ? 'failed' : 'done', source_url)
    const { rows: different } = await app.pg.query(
      `SELECT p.id FROM products p WHERE compressed_product_images IS DISTINCT FROM coalesce((
         SELECT array_agg(i.url ORDER BY position) FROM unnest(product_images) WITH ORDINALITY AS s (url, position)
         JOIN product_images i ON i.product_id = p.id AND i.source_url = s.url AND i.status = 'done'), '{}')`
    )
    t.same(different, [], 'the column says what the rows say')
    const named = images.flatMap(({ object_key }) => object_key ?? []).sort()
    t.same(await storedAtLast(app, named), named, 'no object is left behind')
    t.comment(`${worker.handled()} messages, ${named.length} objects`)
  })
}
