import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { buildTestApp, LogStream, settled } from '../../support/app.ts'
import { GoService } from '../../support/go-service.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { type Call, documented } from '../../support/openapi-conformance.ts'
import { labelled, readLabel } from '../../support/pictures/pictures.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => `${origin.url}/${name}.jpg`) as [
  string,
  string,
  string,
  string
]
for (const [index, url] of [a, b, c, d].entries())
  origin.serve(new URL(url).pathname, await labelled(index + 1))

const [OPS, EYES, ADA] = ['key-of-operations', 'key-of-the-screens', 'key-of-ada-user-1']
const headers = { 'x-api-key': OPS }

t.test('on PGlite', async (t) => conformance(t, {}))
t.test('on PostgreSQL', needsServices, async (t) =>
  conformance(t, { DATABASE_URL: await (await sharedPostgres(t)).createDatabase() })
)

async function conformance(t: Test, variables: Record<string, string>): Promise<void> {
  const log = new LogStream()
  const app = await buildTestApp(
    t,
    { ...variables, API_KEYS: `${OPS},${EYES}:read,${ADA}:1`, ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' },
    { logger: { level: 'info', stream: log } }
  )
  const call: Call = await documented(app)
  const post = (id: string, source_url: unknown, by: Record<string, string> = headers) =>
    call({
      method: 'POST',
      url: `/api/v1/admin/images/${id}/replace`,
      payload: { source_url },
      headers: by
    })
  const read = (id: number) => call({ url: `/api/v1/products/${id}`, headers })
  const pause = (paused: boolean) =>
    call({ method: 'PUT', url: '/api/v1/admin/intake', payload: { paused }, headers })
  const create = async (...product_images: string[]) => {
    const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_images })
    return { id, images: (await settled(app, id)).images }
  }
  /** The sources of the column, and of the rows. */
  const sources = async (id: number) => {
    const { product_images, images } = (await app.products.load(id)) ?? { product_images: [], images: [] }
    return [product_images.toSorted(), images.map(({ source_url }) => source_url).toSorted()]
  }
  const audit = async () =>
    (await app.pg.query(`SELECT actor, act, subject FROM audit WHERE act = 'image.replace' ORDER BY id`)).rows
  const imageOf = (images: { id: string; source_url: string; object_key: string | null }[], source: string) =>
    images.find(({ source_url }) => source_url === source) ?? { id: '', object_key: null }

  await t.test('the new image takes the place of the old one, and the old object is removed', async (t) => {
    const { id, images } = await create(a, b, a)
    const old = imageOf(images, a)
    const before = await read(id)
    await pause(true)
    const reply = (await post(old.id, ` ${c} `)).json()
    t.match(reply, { product_id: id, source_url: c, status: 'pending', url: null, attempts: 0, history: [] })
    t.not(reply.id, old.id)
    const after = await read(id)
    t.match(before.headers.etag, /^"2-/)
    t.match(after.headers.etag, /^"3-/)
    const [, kept] = before.json().images
    t.match(after.json(), { product_images: [c, b, c], image_status: 'pending' })
    t.strictSame(after.json().images[1], kept)
    t.strictSame(after.json().compressed_product_images, [kept.url])
    t.strictSame(await sources(id), [
      [b, c, c],
      [b, c]
    ])
    const { rows } = await app.pg.query(
      `SELECT kind, payload->>'key' AS key FROM outbox WHERE product_id = $1 AND due_at <= now() ORDER BY kind`,
      [id]
    )
    t.strictSame(rows, [
      { kind: 'images', key: null },
      { kind: 'object', key: old.object_key }
    ])
    const [act, ...others] = await audit()
    t.match(act, {
      actor: /^key:/,
      act: 'image.replace',
      subject: { product_id: id, from: a, to: c }
    })
    t.strictSame(others, [])
    t.match(reply.replaced, { source_url: a, by: act.actor, at: String })

    const removed = once(log, 'Object removed')
    await pause(false)
    const [made] = (await settled(app, id)).images.filter(({ source_url }) => source_url === c)
    t.match(made, { status: 'done' })
    t.equal(await readLabel((await app.inject(`/media/${made?.object_key}`)).rawPayload), 3)
    t.match(await removed, [{ key: old.object_key }])
    t.equal((await app.inject(`/media/${old.object_key}`)).statusCode, 404)

    const back = (await post(reply.id, a)).json()
    t.match(back, { source_url: a, replaced: { source_url: c } })
    await settled(app, id)
    t.match((await read(id)).json(), { product_images: [a, b, a], image_status: 'done' })
    t.equal((await audit()).length, 2)
    t.strictSame((await post(reply.id, d)).json(), NONE)
  })

  await t.test('a source is refused as a client’s is, and nothing changes', async (t) => {
    const { id, images } = await create(a, b)
    const image = imageOf(images, a).id
    const before = (await read(id)).headers.etag
    const recorded = (await audit()).length
    const missing = randomUUID()
    for (const [source, detail] of [
      ['http://10.0.0.1/a.jpg', 'must not point to a private or reserved address'],
      ['http://169.254.169.254/latest', 'must not point to a private or reserved address'],
      ['file:///etc/passwd', 'must start with http:// or https:// and a host name'],
      ['https://ada:secret@example.com/', 'must not contain a user name or password'],
      ['upload:7', 'must be the source that POST /api/v1/uploads returned: upload: and a UUID'],
      [
        `upload:${missing}`,
        'is no upload of user 1: make one with POST /api/v1/uploads, and name it within 24 hours'
      ],
      [a, 'must not be a source of the product already'],
      [b, 'must not be a source of the product already']
    ] as const) {
      const reply = await post(image, source)
      t.equal(reply.statusCode, 422, source)
      t.strictSame(reply.json().errors, [{ pointer: '/source_url', detail }], source)
    }
    for (const source of ['', 7, null, `https://example.com/${'a'.repeat(2048)}`, 'https://a.example/\0'])
      t.equal((await post(image, source)).statusCode, 400)
    t.strictSame((await post(randomUUID(), c)).json(), NONE)
    t.strictSame(
      (await post(image, c, { 'x-api-key': EYES })).json(),
      problem('forbidden', 'These credentials may only read.')
    )
    t.strictSame(
      (await post(image, c, { 'x-api-key': ADA })).json(),
      problem('forbidden', 'This needs credentials for all users.')
    )
    t.strictSame(
      (await post(image, c, { ...headers, 'sec-fetch-site': 'cross-site' })).json(),
      problem('forbidden', 'Pages of other origins may not use the admin API; set CORS_ORIGIN.')
    )
    t.equal((await read(id)).headers.etag, before)
    t.equal((await audit()).length, recorded)
  })

  await t.test('of many at once one succeeds, and each act is recorded once', async (t) => {
    const { id, images } = await create(a, b)
    const before = (await audit()).length
    const replies = await Promise.all([
      post(imageOf(images, a).id, c),
      post(imageOf(images, a).id, d),
      post(imageOf(images, b).id, `${origin.url}/e.jpg`)
    ])
    t.strictSame(replies.map(({ statusCode }) => statusCode).toSorted(), [200, 200, 404])
    const [column, rows] = await sources(id)
    t.strictSame(column, rows)
    t.equal(column?.length, 2)
    t.equal((await audit()).length, before + 2)
    await settled(app, id)
  })

  await t.test('without its audit row nothing changes', async (t) => {
    const { id, images } = await create(a)
    const before = (await read(id)).headers.etag
    await app.pg.query(`ALTER TABLE audit ADD CONSTRAINT none CHECK (act <> 'image.replace') NOT VALID`)
    await t.rejects(post(imageOf(images, a).id, c), { message: /replace 500 is unknown/ })
    await app.pg.query('ALTER TABLE audit DROP CONSTRAINT none')
    t.equal((await read(id)).headers.etag, before)
    t.strictSame(await sources(id), [[a], [a]])
  })

  await t.test('beside the Go service column and rows stay the same after each write', async (t) => {
    const go = new GoService(app.pg.pool)
    await pause(true)
    const id = await go.create([a, b])
    const { images } = (await app.products.load(id)) ?? { images: [] }
    t.match((await post(imageOf(images, a).id, c)).json(), { source_url: c, status: 'pending' })
    t.strictSame(await sources(id), [
      [b, c],
      [b, c]
    ])
    await go.writeBack(id, [])
    t.strictSame(await sources(id), [
      [b, c],
      [b, c]
    ])
    await go.replace(id, [a, c, d])
    t.strictSame(await sources(id), [
      [a, c, d],
      [a, c, d]
    ])
    await pause(false)
    app.outbox.poke(['images'])
    await settled(app, id)
    t.match((await read(id)).json(), { product_images: [a, c, d], image_status: 'done' })
  })
}

const NONE = problem('not_found', 'There is no such image, or it was removed.')
