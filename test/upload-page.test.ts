import t, { type Test } from 'tap'
import { buildUploads } from '../examples/upload.ts'
import { findChromium, openPage } from './support/servers/chromium.ts'
import { createFolder } from './support/servers/guard.ts'

/** Half a dark rectangle. */
const DRAWING = `
  const drawing = new OffscreenCanvas(900, 700)
  drawing.getContext('2d').fillRect(0, 0, 450, 700)`

/** Noise cannot be compressed. */
const LARGE_DRAWING = `
  const drawing = new OffscreenCanvas(2700, 2700)
  const pixels = new ImageData(2700, 2700)
  for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : Math.random() * 256
  drawing.getContext('2d').putImageData(pixels, 0, 0)`

/** Does what a person does, and reports what the page then shows. */
const driver = (draw: string) => `<script type="module">${draw}
  const chosen = new DataTransfer()
  chosen.items.add(new File([await drawing.convertToBlob()], 'drawing.png', { type: 'image/png' }))
  const form = document.forms[0]
  form.elements.name.value = 'Lamp'
  form.elements.file.files = chosen.files
  form.requestSubmit()
  const image = document.querySelector('img')
  await new Promise((resolve) => { image.onload = resolve })
  const [shown, { size }] = [document.querySelector('p').textContent, chosen.files[0]]
  const body = JSON.stringify({ shown, size, width: image.naturalWidth })
  await fetch('/report', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
</script>`

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

interface Report {
  shown: string
  /** Of the file, in bytes. */
  size: number
  /** Of the image. */
  width: number
}

/** Resolves with what the page shows when the image of its product is there. */
async function uploadFrom(t: Test, draw: string): Promise<Report> {
  const app = await buildUploads({ DATA_DIR: createFolder('data'), LOG_LEVEL: 'silent' })
  t.teardown(() => app.close())
  const { promise: reported, resolve: report } = Promise.withResolvers<Report>()
  app.post<{ Body: Report }>('/report', async ({ body }) => report(body))
  app.get('/driven', async (_request, reply) => {
    const page = await app.inject('/upload')
    const { 'content-type': type, 'content-security-policy': policy } = page.headers
    const headers = { 'content-type': type, 'content-security-policy': policy }
    return reply.headers(headers).send(page.body + driver(draw))
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await openPage(chromium ?? '', `${app.listeningOrigin}/driven`)
  t.teardown(() => browser.stop())
  return await reported
}

t.test('upload: a page makes a product of a file', { skip }, async (t) => {
  t.match(await uploadFrom(t, DRAWING), { shown: 'done', width: 771 })
})

t.test('upload: a page makes a product of a file of 20 MB', { skip }, async (t) => {
  const { shown, size, width } = await uploadFrom(t, LARGE_DRAWING)
  t.strictSame({ shown, width }, { shown: 'done', width: 600 })
  t.ok(size > 20_000_000, `${size} bytes`)
})
