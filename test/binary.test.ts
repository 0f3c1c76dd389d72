import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createClient, createProduct, type Product, waitForImages } from '../client/src/index.ts'
import { ROOT } from '../scripts/generated.ts'
import { unpacking } from './binary/unpacking.ts'
import { copySources } from './support/copy-sources.ts'
import { build, cannotBuild, Machine } from './support/executable.ts'
import { startOrigin } from './support/http/origin.ts'
import { missing } from './support/missing.ts'
import { owned } from './support/owner.ts'
import { labelled, readLabel } from './support/pictures/pictures.ts'
import { needsServices } from './support/servers/needs.ts'
import { settingsOn } from './support/servers/settings.ts'
import { services } from './support/servers/shared.ts'

// Two builds and a dozen first starts: a minute on two idle cores.
t.setTimeout(900_000)

const folders = ['bundle', 'tools', 'node'].map((name) => join(ROOT, 'scripts', name))
const skip = cannotBuild() || ((await Promise.all(folders.map(missing))).find(Boolean) ?? false)
const STOPPED = { code: 0, signal: null }
// Of copies: somebody may be at work on the sources.
const sources = once(async () => copySources())
const executable = once(async () => build(await sources()))
const machine = async () => new Machine(await executable())
/** For the tests that do not ask how it is unpacked. */
const unpacked = once(machine)

const version: string = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')).version

t.test('alone in an empty folder, without Node, it says its version and what it can', { skip }, async (t) => {
  const own = await unpacked()
  t.strictSame(readdirSync(own.folder), ['asyncprod'])
  t.strictSame(await own.run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  t.match(await own.run(['--help']), { code: 0, stdout: /^asyncprod check/m, stderr: '' })
  t.comment(`${(statSync(own.executable).size / 2 ** 20).toFixed(1)} MB`)
})

t.test('it prints the OpenAPI document of this version', { skip }, async (t) => {
  const { code, stdout } = await (await unpacked()).run(['openapi'])
  t.equal(code, 0)
  t.match(JSON.parse(stdout), { openapi: /^3\.1/, info: { version } })
})

t.test('its space for new objects is bounded, and that of a decoder more so', { skip }, async (t) => {
  const program = join(import.meta.dirname, 'support/new-space.ts')
  const { stdout } = await (await unpacked()).run([], { ASYNCPROD_PROGRAM: program })
  t.same(JSON.parse(stdout), { options: ['--max-semi-space-size=4'], bytes: 2 * 2 ** 20 })
})

t.test('its demo makes pictures of every kind and ends', { skip }, async (t) => {
  const own = await unpacked()
  const { code, stdout } = await own.run(['demo'], { TMPDIR: own.folder })
  t.equal(code, 0)
  t.equal(stdout.match(/ done {2}.* → /g)?.length, 4)
})

t.test('with embedded parts it serves, makes images, and shows its documentation', { skip }, async (t) => {
  const service = owned(t, await (await machine()).serve({ ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }))
  const url = await service.ready()

  const product = await makeImage(t, url, 11)
  t.match(product, { image_status: 'done', images: [{ status: 'done', width: 800, height: 600 }] })
  t.equal(await readLabel(await download(product)), 11)

  const console = ['', 'main.js', 'vendor/preact.js'].map((path) => fetch(`${url}/console/${path}`))
  t.same(
    (await Promise.all(console)).map(({ status }) => status),
    [200, 200, 200],
    'the console is inside'
  )
  const page = await fetch(`${url}/documentation/`)
  const script = /src="([^"]*swagger-ui-bundle\.js)"/.exec(await page.text())?.[1] ?? ''
  t.equal((await fetch(new URL(script, page.url))).status, 200)
  const children = readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'latin1').trim()
  for (const pid of children.split(' ')) {
    t.match(
      readFileSync(`/proc/${pid}/environ`, 'latin1'),
      /MALLOC_ARENA_MAX=1.*--permission/s,
      'a fenced decoder'
    )
  }
  t.same(await service.stop('SIGTERM'), STOPPED)
})

t.test(
  'as api and as worker it is a fleet on real servers',
  { ...needsServices, ...(skip && { skip }) },
  async (t) => {
    const servers = await services(t)
    if (!servers) return
    const shared = await unpacked()
    const variables = { ...(await settingsOn(servers)), ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
    t.match(await shared.run(['check'], { ...variables, ROLE: 'worker' }), {
      code: 0,
      stdout: /ROLE=worker can start\n$/
    })
    t.match(await shared.run(['migrate'], variables), { code: 0, stdout: /^migrated 1 users-and-products$/m })

    const [api, worker] = await Promise.all([
      shared.serve({ ...variables, ROLE: 'api' }),
      shared.serve({ ...variables, ROLE: 'worker' })
    ])
    owned(t, api)
    owned(t, worker)

    const product = await makeImage(t, await api.ready(), 12)
    t.equal(product.image_status, 'done')
    t.equal(await readLabel(await download(product)), 12)
    t.equal(
      (await fetch(`${await worker.ready()}/api/v1/products/${product.id}`)).status,
      404,
      'a worker has no products'
    )
    t.same(await Promise.all([api.stop('SIGTERM'), worker.stop('SIGTERM')]), [STOPPED, STOPPED])
  }
)

unpacking(t, { version, skip, machine })

t.test('another folder and another umask build the same bytes', { skip }, async (t) => {
  const again = await build(copySources(await sources()), '077')
  t.equal(sha256(again), sha256(await executable()))
})

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** Creates a product with one image that carries the number, and waits for what becomes of it. */
async function makeImage(t: Test, baseUrl: string, number: number): Promise<Product> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.serve('/image.jpg', await labelled(number))
  const client = createClient({ baseUrl })
  const body = {
    user_id: 1,
    product_name: 'Lamp',
    product_price: 1,
    product_images: [`${origin.url}/image.jpg`]
  }
  const { data, error } = await createProduct({ client, body })
  if (!data) throw new Error('The product was not created', { cause: error })
  return waitForImages(data.product_id, { client })
}

async function download({ compressed_product_images: [url = ''] }: Product): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
