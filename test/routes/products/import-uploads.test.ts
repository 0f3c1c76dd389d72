import t from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { labelled, readLabel } from '../../support/pictures/pictures.ts'
import { target, upload } from '../../support/uploads.ts'

t.test('a line may name uploads of its user, and only those', async (t) => {
  const app = await buildTestApp(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const mine = await upload(app, await labelled(7))
  const another = await app.users.create('another')
  const theirs = await target(app, { content_type: 'image/jpeg', user_id: another })
  const lines = [
    { external_id: 'mine', product_images: [mine] },
    { external_id: 'theirs', product_images: [mine, theirs.source] },
    { external_id: 'none', product_images: [`upload:${crypto.randomUUID()}`] }
  ]
  const payload = lines.map((line) => JSON.stringify(line)).join('\n')
  const headers = { 'content-type': 'application/x-ndjson' }
  const { body } = await app.inject({ method: 'POST', url: '/api/v1/products/import', payload, headers })
  const results = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(results, [
    { line: 1, status: 201 },
    { line: 2, status: 422, errors: [{ pointer: '/product_images/1', detail: /^is no upload of user 1: / }] },
    { line: 3, status: 422, errors: [{ pointer: '/product_images/0', detail: /^is no upload of user 1: / }] }
  ])
  const { images } = await settled(app, results[0].product_id)
  t.match(images, [{ source_url: mine, status: 'done' }])
  const picture = await fetch(app.objects.urlOf(String(images[0]?.object_key)))
  t.equal(await readLabel(Buffer.from(await picture.arrayBuffer())), 7)
})
