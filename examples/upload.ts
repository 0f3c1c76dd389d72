import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { buildApp, loadConfig } from '../index.ts' // 'asyncprod', in a program of your own

const MAX_BYTES = 10 * 1024 * 1024

/**
 * The service with an upload form. An uploaded picture becomes a product, whose image is then downloaded
 * from here. That takes access to this machine, so products may name uploads as their sources and nothing
 * else.
 */
export function buildUploads(folder: string, variables: Record<string, string>): Promise<FastifyInstance> {
  const config = loadConfig({ ...variables, ALLOWED_SOURCE_NETWORKS: '127.0.0.1/32' })
  return buildApp(config, { bodyLimit: MAX_BYTES }, async (app) => {
    await mkdir(folder, { recursive: true })
    app.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

    app.addHook<{ Body?: { product_images?: string[] } }>('preHandler', async ({ body }, reply) => {
      const sources = body?.product_images ?? []
      if (!sources.every((source) => URL.parse(source)?.href.startsWith(uploads(app))))
        return reply.code(422).send({ detail: 'Only uploads can be the images of a product' })
    })

    app.post<{ Querystring: { name: string; price: number }; Body: Buffer }>(
      '/uploads',
      { schema: { hide: true } },
      async ({ query, body }, reply) => {
        const name = randomUUID()
        await writeFile(join(folder, name), body)
        const id = await app.products.create({
          user_id: 1,
          product_name: query.name,
          product_price: Number(query.price),
          product_images: [`${uploads(app)}${name}`]
        })
        return reply.code(201).header('location', `/api/v1/products/${id}`).send({ product_id: id })
      }
    )
    app.get<{ Params: { name: string } }>(
      '/uploads/:name',
      { schema: { hide: true, params: { properties: { name: { type: 'string', format: 'uuid' } } } } },
      async ({ params }, reply) => reply.type('image/*').send(createReadStream(join(folder, params.name)))
    )
    app.get('/upload', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('text/html').send(FORM)
    )
  })
}

function uploads({ listeningOrigin }: FastifyInstance): string {
  return `${listeningOrigin}/uploads/`
}

const FORM = `<!doctype html><title>Upload</title>
<form>
  <input name="name" required>
  <input name="price" type="number" required>
  <input name="file" type="file" accept="image/*" required>
  <button>Create</button>
</form>
<script type="module">
  document.forms[0].onsubmit = async (event) => {
    event.preventDefault()
    const { name, price, file } = Object.fromEntries(new FormData(event.target))
    const url = '/uploads?' + new URLSearchParams({ name, price })
    const headers = { 'content-type': file.type }
    const response = await fetch(url, { method: 'POST', headers, body: file })
    location = response.headers.get('location')
  }
</script>`
