import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import type { Test } from 'tap'
import type { OpenSetup } from '../../consumers/services-under-test.ts'
import { settled } from '../../support/app.ts'
import { labelled, readLabel } from '../../support/pictures/pictures.ts'
import { keyOf, post, request, send, stored, target, upload } from '../../support/uploads.ts'

/** What clients can do with uploads, wherever the bytes go. */
export async function uploads(t: Test, open: OpenSetup): Promise<void> {
  const { app, read } = await open(t, {
    MAX_ATTEMPTS: '1',
    MAX_SOURCE_BYTES: '21000000',
    MAX_SOURCE_PIXELS: '7000000'
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const picture = await labelled(7)
  const label = async (url: string | null = '') => readLabel(await read(url ?? ''))
  const finished = async (...product_images: string[]) => {
    const reply = await post(app, { product_images })
    if (reply.statusCode !== 201) throw new Error(reply.body)
    return await settled(app, reply.json().product_id)
  }

  t.test('an upload is a source like a URL, of several products too', async (t) => {
    const source = await upload(app, picture)
    const one = await finished(source)
    const other = await finished(source.toUpperCase(), ' https://127.0.0.1:1/gone ')
    for (const { product_images, images } of [one, other]) {
      const image = images.find(({ source_url }) => source_url === source)
      t.equal(product_images[0], source)
      t.match(image, { status: 'done', source_bytes: picture.length, error_code: null })
      t.equal(await label(image?.url), 7)
    }
  })

  t.test('a picture of 20 MB is uploaded and processed', async (t) => {
    const [side, pixels] = [2600, randomBytes(2600 * 2600 * 3)]
    const raw = { width: side, height: side, channels: 3 } as const
    const noise = await sharp(pixels, { raw }).png().toBuffer()
    t.ok(noise.length > 20_000_000, `${noise.length} bytes`)
    const { images } = await finished(await upload(app, noise))
    t.match(images, [{ status: 'done', source_bytes: noise.length, width: 600, height: 600 }])
  })

  t.test('while a product names it, it can be processed again', async (t) => {
    const { id } = await finished(await upload(app, picture))
    const reply = await app.inject({
      method: 'POST',
      url: `/api/v1/products/${id}/reprocess?all=true`,
      payload: {}
    })
    t.equal(reply.statusCode, 202)
    const { images } = await settled(app, id)
    t.match(images, [{ status: 'done' }])
  })

  t.test('the URL, the headers and their end are in the response', async (t) => {
    const { source, put } = await target(app, { content_type: 'image/png', bytes: 5 })
    t.match(source, /^upload:[0-9a-f-]{36}$/)
    t.match(put, { method: 'PUT', headers: { 'content-type': 'image/png' } })
    const minutes = (Date.parse(put.expires_at) - Date.now()) / 60_000
    t.ok(minutes > 50 && minutes < 61, put.expires_at)
    const plain = await target(app, {})
    t.strictSame(plain.put.headers, { 'content-type': 'application/octet-stream' })
  })

  t.test('a PUT whose response was lost is repeated, and the last one counts', async (t) => {
    const made = await target(app, { bytes: picture.length })
    const other = Buffer.alloc(picture.length)
    t.match(await send(made, new Uint8Array(other)), { status: 200 })
    t.match(await send(made, new Uint8Array(picture)), { status: 200 })
    const { images } = await finished(made.source)
    t.match(images, [{ status: 'done' }])
  })

  t.test('bytes of another number or type than were stated are refused, and nothing is stored', async (t) => {
    const made = await target(app, { content_type: 'image/png', bytes: 5 })
    const refused = [
      await send(made, new Uint8Array(4)),
      await send(made, new Uint8Array(6)),
      await send(made, new Uint8Array(5), { 'content-type': 'image/jpeg' })
    ]
    for (const { status, text } of refused) {
      t.ok([403, 415, 422].includes(status), `${status}`)
      t.match(text, /SignatureDoesNotMatch|was made/)
    }
    t.notOk((await stored(app)).includes(keyOf(made.source)))
  })

  t.test('another user’s upload, and one that is none, cannot be used', async (t) => {
    const payload = { username: 'eve' }
    const { user_id } = (await app.inject({ method: 'POST', url: '/api/v1/users', payload })).json()
    const source = await upload(app, picture)
    const none = 'upload:00000000-0000-4000-8000-000000000000'
    const detail = `is no upload of user ${user_id}: make one with POST /api/v1/uploads, and name it within 24 hours`
    const reply = await post(app, { user_id, product_images: [source, none, 'upload:x'] })
    t.equal(reply.statusCode, 422)
    t.strictSame(reply.json().errors, [
      {
        pointer: '/product_images/2',
        detail: 'must be the source that POST /api/v1/uploads returned: upload: and a UUID'
      }
    ])
    const created = await post(app, { user_id, product_images: [source, none] })
    t.equal(created.statusCode, 422)
    t.strictSame(created.json().errors, [
      { pointer: '/product_images/0', detail },
      { pointer: '/product_images/1', detail }
    ])
    const { product_id: id } = (await post(app, { user_id, product_images: [] })).json()
    const changed = { user_id, product_name: 'Lamp', product_images: [source] }
    const replaced = await app.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload: changed })
    t.equal(replaced.statusCode, 422)
    t.strictSame(replaced.json().errors, [{ pointer: '/product_images/0', detail }])
  })

  t.test('a request for an upload that cannot be is refused', async (t) => {
    const cases: [object, number, string][] = [
      [{ bytes: 21_000_001 }, 422, 'must not be more than 21000000'],
      [{ bytes: 0 }, 400, 'must be >= 1'],
      [{ content_type: 'text/html' }, 400, 'must match pattern "^image/[\\w.+-]+$"'],
      [{ user_id: 4711 }, 422, 'is no user of this service; create one with POST /api/v1/users']
    ]
    for (const [payload, status, detail] of cases) {
      const reply = await request(app, payload)
      t.equal(reply.statusCode, status)
      t.match(reply.json().errors, [{ detail }])
    }
  })

  t.test('an upload without bytes fails with what to do, and works when they are there', async (t) => {
    const made = await target(app, {})
    const { id, images } = await finished(made.source)
    t.match(images, [
      {
        status: 'failed',
        error_code: 'unreachable',
        error_detail:
          'The upload has no bytes. PUT them to its URL. Reprocess the product only if its image is not pending.'
      }
    ])
    t.match(await send(made, new Uint8Array(picture)), { status: 200 })
    await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess`, payload: {} })
    t.match((await settled(app, id)).images, [{ status: 'done' }])
  })

  t.test('bytes that are no picture fail as those of a URL do', async (t) => {
    const { images } = await finished(await upload(app, Buffer.from('no picture')))
    t.match(images, [{ status: 'failed', error_code: 'unsupported_format', attempts: 1 }])
  })
}
