import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { redirect, respond, startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
origin.on('/a.jpg', respond(await labelled(1)))
origin.on('/moved.jpg', redirect(`${origin.url}/a.jpg`))
origin.on('/busy.jpg', respond('', { status: 503 }))

t.test('on PGlite', async (t) => conformance(t, {}))
t.test('on PostgreSQL', needsServices, async (t) =>
  conformance(t, { DATABASE_URL: await (await sharedPostgres(t)).createDatabase() })
)

async function conformance(t: Test, variables: Record<string, string>): Promise<void> {
  const app = await buildTestApp(t, {
    ...variables,
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    MAX_ATTEMPTS: '2',
    RETRY_BASE_MS: '1'
  })
  const call = await documented(app)

  const IMAGES = '/api/v1/admin/images'
  const search = async (query: string) => (await call({ url: `${IMAGES}?${query}` })).json()
  const sources = async (query: string) =>
    (await search(query)).images.map(({ source_url }: { source_url: string }) =>
      source_url.replace(origin.url, '')
    )

  const id = await app.products.create({
    user_id: 1,
    product_name: 'Lamp',
    external_id: 'SKU-1',
    product_images: ['/moved.jpg', '/busy.jpg', '/gone.jpg'].map((path) => `${origin.url}${path}`)
  })
  await settled(app, id)

  await t.test('images are found by everything that an operator knows of them', async (t) => {
    for (const [query, expected] of [
      ['status=done', ['/moved.jpg']],
      ['status=failed&code=http_status&text=404', ['/gone.jpg']],
      ['text=503%20service', ['/busy.jpg']],
      ['text=%25', []],
      ['code=timeout', []],
      ['status=pending', []],
      ['host=elsewhere.example', []],
      ['user_id=1&status=done', ['/moved.jpg']],
      ['user_id=2', []],
      ['product_id=4711', []],
      ['external_id=SKU-1&status=done', ['/moved.jpg']],
      ['external_id=SKU-2', []],
      ['min_age_s=3600', []]
    ] as const)
      t.strictSame(await sources(query), expected, query)
    for (const query of ['', `product_id=${id}`, 'host=127.0.0.1', 'max_age_s=3600'])
      t.strictSame((await sources(query)).toSorted(), ['/busy.jpg', '/gone.jpg', '/moved.jpg'], query)
  })

  await t.test('images are counted by status and code', async (t) => {
    const totals = [
      '',
      'status=failed',
      'status=failed&code=http_status',
      'code=timeout',
      'status=failed&text=404'
    ]
    const counts = await Promise.all(totals.map(async (query) => (await search(query)).total))
    t.strictSame(counts, [3, 2, 2, 0, null])
  })

  await t.test('an action is for the host and port as they are printed', async (t) => {
    const { hostname, host, port } = new URL(origin.url)
    const count = async (host: string) => {
      const payload = { action: 'retry', filter: { host, code: 'http_status' }, dry_run: true }
      return (await call({ method: 'POST', url: '/api/v1/admin/actions', payload })).json().images
    }
    const hosts = [host, hostname, `${hostname}:${Number(port) + 1}`]
    t.strictSame(await Promise.all(hosts.map(count)), [2, 2, 0])
  })

  await t.test('a host stands for the domains below it', async (t) => {
    await app.pg.query(
      `INSERT INTO product_images (product_id, source_url, status, error_code, error_detail)
       SELECT $1, url, 'failed', 'timeout', 'Too slow.' FROM unnest($2::text[]) AS url`,
      [
        id,
        ['https://u:p@IMG.shop.example:8443/1', 'http://shop.example', 'https://notshop.example/shop.example']
      ]
    )
    t.strictSame(
      await sources(`host=${new URL(origin.url).host}&text=404`),
      ['/gone.jpg'],
      'as it is printed'
    )
    const found = async (host: string) => (await sources(`host=${host}`)).length
    t.strictSame(
      await Promise.all(
        [
          ...['shop.example', 'img.SHOP.example', 'example', 'op.example'],
          ...['img.Shop.example:8443', 'shop.example:8443', 'img.shop.example:844']
        ].map(found)
      ),
      [2, 1, 3, 0, 1, 0, 0]
    )
    await app.pg.query(`DELETE FROM product_images WHERE error_code = 'timeout'`)
  })

  await t.test('pages follow each other without a gap', async (t) => {
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await search(`limit=1${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.images.map((image: { id: string }) => image.id))
      cursor = page.next
    } while (cursor)
    t.equal(seen.length, 3)
    t.equal(new Set(seen).size, 3)
    for (const wrong of ['abc', Buffer.from('99999999999.x').toString('base64url')])
      t.strictSame(
        await search(`cursor=${wrong}`),
        problem('invalid_request', 'The cursor cannot be used.', [
          {
            pointer: 'cursor',
            detail: 'is not a cursor of this service; take it from next of the previous page'
          }
        ])
      )
    t.equal((await call({ url: `${IMAGES}?limit=201` })).statusCode, 400)
  })

  await t.test('an image shows every attempt, with its stages and responses', async (t) => {
    const report = async (query: string) => {
      const [found] = (await search(query)).images
      const { renditions, placeholder, product_name, max_attempts, replaced, history, ...image } = (
        await call({ url: `${IMAGES}/${found.id}` })
      ).json()
      t.strictSame(image, found)
      const own = { renditions, placeholder, product_name, max_attempts, replaced }
      t.strictSame(own, {
        renditions: {},
        placeholder: null,
        product_name: 'Lamp',
        max_attempts: 2,
        replaced: null
      })
      return history
    }
    const [done] = await report('status=done')
    t.match(done, { outcome: 'done', code: null, detail: null, ms: Number })
    t.strictSame(done.responses, [
      { url: `${origin.url}/moved.jpg`, status: 302, address: '127.0.0.1', kept: false },
      { url: `${origin.url}/a.jpg`, status: 200, address: '127.0.0.1', kept: false }
    ])
    t.match(done.stages, {
      headers_ms: Number,
      body_ms: Number,
      core_wait_ms: Number,
      compress_ms: Number,
      upload_ms: Number
    })
    const busy = await report('text=503')
    t.match(busy, [
      {
        outcome: 'failed',
        code: 'http_status',
        detail: /503/,
        stages: { compress_ms: null, upload_ms: null }
      },
      {
        outcome: 'retry',
        code: 'http_status',
        detail: /503/,
        responses: [{ url: `${origin.url}/busy.jpg`, status: 503 }]
      }
    ])
    t.equal((await call({ url: `${IMAGES}/${randomUUID()}` })).statusCode, 404)
    t.equal((await call({ url: `${IMAGES}/7` })).statusCode, 400)
  })

  await t.test('each response names what it came from, and whether the connection was kept', async (t) => {
    const own = await startOrigin({ handler: respond(await labelled(2)) })
    t.teardown(() => own.stop())
    const product_images = Array.from({ length: 12 }, (_, n) => `${own.url}/${n}.jpg`)
    const product = await app.products.create({ user_id: 1, product_name: 'Desk', product_images })
    const { images } = await settled(app, product)
    let opened = 0
    for (const { id, source_url: url } of images) {
      const [{ responses }] = (await call({ url: `${IMAGES}/${id}` })).json().history
      const { kept } = responses[0]
      t.strictSame(responses, [{ url, status: 200, address: '127.0.0.1', kept }])
      if (!kept) opened++
    }
    t.equal(opened, own.sockets.length)
  })
}
