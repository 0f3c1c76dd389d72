import type { FastifyInstance } from 'fastify'
import { buildApp, loadConfig } from '../index.ts' // 'asyncprod', in a program of your own

/** The service with a page that makes a product of a file. The browser sends the file where it belongs. */
export function buildUploads(variables: Record<string, string>): Promise<FastifyInstance> {
  return buildApp(loadConfig(variables), {}, async (app) => {
    app.get('/upload', { schema: { hide: true } }, async (_request, reply) =>
      reply.header('content-security-policy', POLICY).type('text/html').send(PAGE)
    )
  })
}

/** The bucket may be anywhere. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; connect-src *; img-src *"

const PAGE = `<!doctype html><meta charset="utf-8"><title>Upload</title>
<form>
  <input name="name" placeholder="Name" required>
  <input name="file" type="file" accept="image/*" required>
  <button>Create</button>
</form>
<p></p>
<img alt="">
<script type="module">
  const status = document.querySelector('p')

  async function call(path, body) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('/api/v1' + path, { method: 'POST', headers, body: JSON.stringify(body) })
    const result = await response.json()
    if (!response.ok) throw new Error(result.detail)
    return result
  }

  /** Resolves with the source of the file. */
  async function upload(file) {
    const { source, put } = await call('/uploads', { content_type: file.type || undefined, bytes: file.size })
    const { ok, status } = await fetch(put.url, { method: put.method, headers: put.headers, body: file })
    if (!ok) throw new Error('The file was refused: ' + status)
    return source
  }

  function watch(id) {
    const events = new EventSource('/api/v1/products/' + id + '/events')
    events.addEventListener('product', ({ data }) => {
      const { image_status, images: [{ url, error }] } = JSON.parse(data)
      status.textContent = error ? error.detail : image_status
      if (url) document.querySelector('img').src = url
      if (image_status !== 'pending') events.close()
    })
  }

  document.forms[0].onsubmit = async (event) => {
    event.preventDefault()
    const { name, file } = Object.fromEntries(new FormData(event.target))
    try {
      const body = { user_id: 1, product_name: name, product_images: [await upload(file)] }
      watch((await call('/products', body)).product_id)
    } catch ({ message }) {
      status.textContent = message
    }
  }
</script>`
