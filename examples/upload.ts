import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { buildApp, loadConfig } from '../index.ts' // 'asyncprod', in a program of your own

const LARGEST = 10 * 1024 * 1024

/** The service with a form: a picture that is uploaded becomes a product, which downloads it from here like from anywhere else. */
export function buildUploads(folder: string, variables: Record<string, string>): Promise<FastifyInstance> {
  const config = loadConfig({ ...variables, ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  return buildApp(config, { bodyLimit: LARGEST }, async (app) => {
    await mkdir(folder, { recursive: true })
    app.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

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
          product_images: [`${app.listeningOrigin}/uploads/${name}`]
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

const FORM = `<!doctype html><title>Upload</title>
<form><input name="name" required><input name="price" type="number" required><input name="file" type="file" accept="image/*" required><button>Create</button></form>
<script type="module">
  document.forms[0].onsubmit = async (event) => {
    event.preventDefault()
    const { name, price, file } = Object.fromEntries(new FormData(event.target))
    const url = '/uploads?' + new URLSearchParams({ name, price })
    const reply = await fetch(url, { method: 'POST', headers: { 'content-type': file.type }, body: file })
    location = reply.headers.get('location')
  }
</script>`
