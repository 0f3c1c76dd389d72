import t from 'tap'
import { buildUploads } from '../examples/upload.ts'
import { findChromium, openPage } from './support/servers/chromium.ts'
import { createFolder } from './support/servers/guard.ts'

/** Does what a person does, and reports what the page then shows. */
const DRIVER = `<script type="module">
  const drawing = new OffscreenCanvas(900, 700)
  drawing.getContext('2d').fillRect(0, 0, 450, 700)
  const chosen = new DataTransfer()
  chosen.items.add(new File([await drawing.convertToBlob()], 'drawing.png', { type: 'image/png' }))
  const form = document.forms[0]
  form.elements.name.value = 'Lamp'
  form.elements.file.files = chosen.files
  form.requestSubmit()
  const image = document.querySelector('img')
  await new Promise((resolve) => { image.onload = resolve })
  const body = JSON.stringify({ shown: document.querySelector('p').textContent, width: image.naturalWidth })
  await fetch('/report', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
</script>`

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.test('upload: a page makes a product of a file', { skip }, async (t) => {
  const app = await buildUploads({ DATA_DIR: createFolder('data'), LOG_LEVEL: 'silent' })
  t.teardown(() => app.close())
  const { promise: reported, resolve: report } = Promise.withResolvers<unknown>()
  app.post('/report', async ({ body }) => report(body))
  app.get('/driven', async (_request, reply) => {
    const page = await app.inject('/upload')
    const { 'content-type': type, 'content-security-policy': policy } = page.headers
    return reply.headers({ 'content-type': type, 'content-security-policy': policy }).send(page.body + DRIVER)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await openPage(chromium ?? '', `${app.listeningOrigin}/driven`)
  t.teardown(() => browser.stop())
  t.strictSame(await reported, { shown: 'done', width: 771 })
})
