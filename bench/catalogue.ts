import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { installOnce } from '../scripts/install.ts'
import { createFolder } from '../test/support/servers/guard.ts'
import { SupervisedProcess } from '../test/support/servers/process.ts'
import { type Endpoint, Environment, type Setup } from './environment.ts'

const USAGE = `npm run catalogue -- [--products N] [--seconds N]

Imports N products of two images each into real servers, beside single creates over HTTP. Then imports them
again while the service and the command are killed, and compares the export with the file line by line.`

const CONNECTIONS = 50
const CLI = join(import.meta.dirname, '../cli.ts')

const { values: options } = parseArgs({
  options: {
    products: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false }
  }
})
const products = Number(options.products)
interface Product {
  external_id: string
  product_name: string
  product_description: string
  product_price: number
  product_images: string[]
  metadata: { shelf: number }
}

const productOf = (n: number): Product => ({
  external_id: `SKU-${n}`,
  product_name: `Walnut desk ${n}`,
  product_description: 'A desk of solid walnut, oiled by hand.',
  product_price: (n % 100_000) / 100,
  product_images: ['front', 'side'].map((view) => `https://pictures.example/${n}/${view}.jpg`),
  metadata: { shelf: n }
})

async function catalogue(): Promise<void> {
  await installOnce(import.meta.dirname)
  const file = join(createFolder('catalogue'), 'products.ndjson')
  const output = createWriteStream(file)
  for (let n = 1; n <= products; n++)
    if (!output.write(`${JSON.stringify(productOf(n))}\n`)) await once(output, 'drain')
  output.end()
  await once(output, 'finish')
  await using environment = await Environment.start()
  const single = await inSetup(environment, (api) => createSingly(environment, api, 1))
  const singles = await inSetup(environment, (api) => createSingly(environment, api, CONNECTIONS))
  console.log(
    `creates/s, one after the other: ${Math.round(single)}, ${CONNECTIONS} at once: ${Math.round(singles)}`
  )
  const imported = await inSetup(environment, (api) => importWhole(api, file))
  const { perSecond } = imported
  console.log({ ...imported, ofOneAfterTheOther: perSecond / single, ofManyAtOnce: perSecond / singles })
  console.log(await inSetup(environment, (api, setup, start) => importInterrupted(api, setup, start, file)))
}

type Start = () => Promise<Endpoint>

/** With a service and a database of its own. */
async function inSetup<T>(
  environment: Environment,
  work: (api: Endpoint, setup: Setup, start: Start) => Promise<T>
): Promise<T> {
  await using stack = new AsyncDisposableStack()
  const setup = await environment.setup(stack)
  const start = () => environment.service('api', 'api', setup, stack)
  return await work(await start(), setup, start)
}

async function createSingly(environment: Environment, api: Endpoint, connections: number): Promise<number> {
  const { external_id, ...product } = productOf(1)
  const load = {
    connections,
    method: 'POST' as const,
    path: '/api/v1/products',
    body: JSON.stringify({ ...product, user_id: 1 })
  }
  await environment.load(api, { ...load, seconds: 3 })
  const { values } = await environment.load(api, { ...load, seconds: Number(options.seconds) })
  return values.rate ?? Number.NaN
}

/** The command line, with the highest memory that it has had. */
class Command extends SupervisedProcess {
  peakBytes = 0
  readonly #timer = setInterval(() => {
    this.peakBytes = Math.max(this.peakBytes, this.usage().peakBytes)
  }, 100)

  constructor(...args: string[]) {
    super({ command: process.execPath, args: [CLI, ...args], cwd: createFolder('command') })
    void this.ended.then(() => clearInterval(this.#timer))
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

async function importWhole(api: Endpoint, file: string) {
  const before = api.process.usage().peakBytes
  const started = performance.now()
  const command = new Command('import', file, '--url', api.url)
  const { code } = await command.ended
  const seconds = (performance.now() - started) / 1000
  return {
    said: command.lines,
    code,
    seconds,
    perSecond: products / seconds,
    serviceMBBefore: megabytes(before),
    serviceMB: megabytes(api.process.usage().peakBytes),
    commandMB: megabytes(command.peakBytes)
  }
}

/** The service is killed at a third, the command at two thirds. Then the command is repeated. */
async function importInterrupted(api: Endpoint, setup: Setup, start: Start, file: string) {
  const first = new Command('import', file, '--url', api.url)
  await reached(setup, products / 3)
  await api.process.stop()
  const atKill = await count(setup)
  const second = await start()
  await first.stop()
  const again = new Command('import', file, '--url', second.url)
  await reached(setup, (products * 2) / 3)
  await again.stop()
  const atSecondKill = await count(setup)
  const last = new Command('import', file, '--url', second.url)
  await last.ended
  const [rows] =
    await setup.query(`SELECT count(*)::integer AS products, count(DISTINCT external_id)::integer AS ids,
    (SELECT count(*)::integer FROM product_images) AS images FROM products`)
  return { atKill, atSecondKill, said: last.lines, rows, exported: await compare(second, file) }
}

const count = async ({ query }: Setup) =>
  (await query<{ count: number }>('SELECT count(*)::integer AS count FROM products'))[0]?.count ?? 0

async function reached(setup: Setup, number: number): Promise<void> {
  while ((await count(setup)) < number);
}

/** Compares the export with the file, line by line. */
async function compare(api: Endpoint, file: string) {
  const exported = `${file}.exported`
  const command = new Command('export', exported, '--url', api.url)
  const { code } = await command.ended
  const lines = new Map<string, string>()
  for await (const line of createInterface({ input: createReadStream(exported) })) {
    const { external_id, product_name, product_description, product_price, product_images, metadata } =
      JSON.parse(line)
    const fields = { external_id, product_name, product_description, product_price, product_images, metadata }
    lines.set(external_id, JSON.stringify(fields))
  }
  const result = { code, said: command.lines, same: 0, different: 0, missing: 0 }
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const found = lines.get(JSON.parse(line).external_id)
    result[found === undefined ? 'missing' : found === line ? 'same' : 'different']++
  }
  return { ...result, commandMB: megabytes(command.peakBytes) }
}

if (options.help) console.log(USAGE)
else await catalogue()
