import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { settled } from '../support/app.ts'
import { type Handler, startOrigin } from '../support/http/origin.ts'
import { labelled, readLabel } from '../support/pictures/pictures.ts'
import { post, upload } from '../support/uploads.ts'
import { embedded, type OpenSetup, real } from './services-under-test.ts'

const PICTURES = [await labelled(1), await labelled(2)] as const

t.test('in files', (t) => originals(t, embedded))
t.test('in a bucket', (t) => originals(t, real))

async function originals(t: Test, open: OpenSetup): Promise<void> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const { app, read } = await open(t, { KEEP_ORIGINALS: 'true' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  let paths = 0

  /** A file of the origin, and what it was asked and responded. */
  function place(handler: Handler) {
    const path = `/${++paths}`
    const conditions: object[] = []
    origin.on(path, (request, response) => {
      const { 'if-none-match': etag, 'if-modified-since': date } = request.headers
      conditions.push({ ...(etag && { etag }), ...(date && { date }) })
      handler(request, response)
    })
    return { path, url: origin.url + path, conditions }
  }
  const create = async (source: string) => {
    const reply = await post(app, { product_images: [source] })
    if (reply.statusCode !== 201) throw new Error(reply.body)
    return await settled(app, reply.json().product_id)
  }
  const again = async (id: number, query: string) => {
    await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess?${query}` })
    return await settled(app, id)
  }
  const keys = async (prefix: string) => {
    const found: string[] = []
    for await (const { key } of app.objects.list(prefix)) found.push(key)
    return found
  }
  const bytesOf = async (key = '') => {
    const object = await app.objects.open(key, new AbortController().signal)
    return object && Buffer.concat(await object.body.toArray())
  }
  const label = async (url: string | null = '') => readLabel(await read(url ?? ''))
  const count = async (code: string) => {
    const { body } = await app.inject('/metrics')
    return new RegExp(`images_total{outcome="unchanged",code="${code}"} (\\d+)`).exec(body)?.[1]
  }

  t.test('the source is kept as it is, and the image is made again from it', async (t) => {
    const { url, path } = place((_, response) => response.end(PICTURES[0]))
    const { id, images } = await create(url)
    const [{ original, id: imageId } = { original: null }] = images
    t.match(original, { key: new RegExp(`^originals/${id}/${imageId}-1-[0-9a-f]{12}$`), validators: null })
    t.same(await bytesOf(original?.key), PICTURES[0])
    origin.on(path, (_, response) => response.writeHead(404).end())
    const [image] = (await again(id, 'all=true')).images
    t.match(image, { status: 'done', error_code: null, original })
    t.not(image?.url, images[0]?.url)
    t.equal(await label(image?.url), 1)
    t.equal(origin.count(path), 1)
  })

  t.test('a refetch takes another file, and nothing at all when the origin has the same', async (t) => {
    let [etag, picture] = ['"one"', PICTURES[0]]
    const { url, conditions } = place(({ headers }, response) => {
      const isKnown = headers['if-none-match'] === etag
      response.writeHead(isKnown ? 304 : 200, { etag }).end(isKnown ? '' : picture)
    })
    const before = await create(url)
    const same = await again(before.id, 'refetch=true')
    const [{ object_key, url: shown, original } = {}] = before.images
    t.match(same.images, [{ status: 'done', object_key, url: shown, original, error_code: null }])
    t.equal(await count('not_modified'), '1')
    ;[etag, picture] = ['"two"', PICTURES[1]]
    const [image] = (await again(before.id, 'refetch=true')).images
    t.equal(await label(image?.url), 2)
    t.match(image?.original, { validators: { url, etag } })
    t.same(await bytesOf(image?.original?.key), PICTURES[1])
    t.strictSame(conditions, [{}, { etag: '"one"' }, { etag: '"one"' }])
  })

  t.test('without an ETag the date counts, and without both the bytes', async (t) => {
    const date = 'Wed, 21 Oct 2015 07:28:00 GMT'
    const dated = place(({ headers }, response) =>
      headers['if-modified-since'] === date
        ? response.writeHead(304).end()
        : response.writeHead(200, { 'last-modified': date }).end(PICTURES[0])
    )
    const plain = place((_, response) => response.end(PICTURES[0]))
    for (const [file, code] of [
      [dated, 'not_modified'],
      [plain, 'same_bytes']
    ] as const) {
      const before = Number((await count(code)) ?? 0)
      const { id, images } = await create(file.url)
      const [image] = (await again(id, 'refetch=true')).images
      t.equal(image?.url, images[0]?.url)
      t.equal(Number(await count(code)), before + 1)
    }
    t.strictSame(dated.conditions, [{}, { date }])
  })

  t.test('when the origin has it no more, a refetch keeps what is there, and asks once', async (t) => {
    const { url, path } = place((_, response) => response.end(PICTURES[0]))
    const { id, images } = await create(url)
    const gone = (_: unknown, response: ServerResponse) => response.writeHead(404).end()
    origin.on(path, gone)
    const [image] = (await again(id, 'refetch=true')).images
    t.match(image, { status: 'done', url: images[0]?.url, error_code: 'http_status' })
    t.strictSame(image?.original, images[0]?.original)
    t.match((await again(id, '')).images, [{ status: 'done', error_code: null }], 'from its original')
    t.equal(origin.count(path), 2)
  })

  t.test('an original that was lost is fetched and stored again', async (t) => {
    const { url, path } = place((_, response) => response.writeHead(200, { etag: '"a"' }).end(PICTURES[0]))
    const { id, images } = await create(url)
    await app.objects.remove(images[0]?.original?.key ?? '')
    const [image] = (await again(id, 'all=true')).images
    t.match(image, { status: 'done', error_code: null })
    t.same(await bytesOf(image?.original?.key), PICTURES[0])
    t.equal(origin.count(path), 2)
  })

  t.test('an original is no public object, and goes with its image', async (t) => {
    const { url } = place((_, response) => response.end(PICTURES[0]))
    const { id, images } = await create(url)
    const key = images[0]?.original?.key ?? ''
    const shown = await app.inject(`/api/v1/products/${id}`)
    t.notMatch(shown.body, 'originals/')
    for (const path of [key, `products/../${key}`, `products/%2e%2e/${key}`, `products/..%2f${key}`])
      t.equal((await app.inject(`/media/${path}`)).statusCode, 404, path)
    await app.inject({ method: 'DELETE', url: `/api/v1/products/${id}` })
    while ((await keys(`originals/${id}/`)).length > 0) await wait(20)
  })

  t.test('an upload is its own original', async (t) => {
    const { id } = await create(await upload(app, PICTURES[0]))
    const { images } = await again(id, 'all=true')
    t.match(images, [{ status: 'done', original: null }])
    t.strictSame(await keys(`originals/${id}/`), [])
  })
}
