// npm run attacks [-- PART OF A NAME]: what attacks cost, and how long an innocent product waits beside them
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Product } from '../../lib/products/schemas.ts'
import { respond, silence, startOrigin } from '../support/http/origin.ts'
import { photo } from '../support/pictures/pictures.ts'
import { createFolder } from '../support/servers/guard.ts'
import { SERVER, Service } from '../support/service.ts'
import { ATTACKS, type Attack } from './attacks.ts'
import { ATTACKER, SHOP } from './origins.ts'

const MB = 1_000_000
const SAMPLE_MS = 200
const KILLS = 10
const TARPIT = { names: 50, products: 500, images: 20 }

const innocent = await photo({ width: 64, height: 64, format: 'png' })
await using attacker = await startOrigin({ address: ATTACKER, handler: silence() })
await using shop = await startOrigin({ address: SHOP, handler: respond(innocent, { type: 'image/png' }) })
const only = process.argv[2] ?? ''
const rows: object[] = []
for (const attack of ATTACKS.filter(({ name }) => name.includes(only))) show(await measure(attack))
if ('killed'.includes(only)) show(await killAgainAndAgain())
console.table(rows)

/** All of them take ten minutes. */
function show(row: object): void {
  rows.push(row)
  console.log(row)
}

async function measure({ name, pictures }: Attack) {
  const files = await pictures?.()
  for (const [index, file] of (files ?? []).entries()) attacker.serve(`/${index}`, file)
  await using service = start(createFolder('attacked'))
  const api = `${await service.ready()}/api/v1`
  const user = await post<{ user_id: number }>(`${api}/users`, { username: 'innocent' })
  const light = () => done(api, user.user_id, [`http://shop.test:${shop.port}/lamp`])
  await light()
  const attack = async (round: number) => {
    const reached = once(attacker.server, 'request')
    const products = files
      ? [files.map((_, index) => `http://0.attacker.test:${attacker.port}/${index}?${round}`)]
      : tarpit()
    const ids = pLimit(10).map(products, (images) => create(api, 1, images))
    await reached
    return await ids
  }

  const before = service.usage().cpuSeconds
  let peak = 0
  const sample = () => {
    peak = Math.max(peak, service.residentBytes())
  }
  const timer = setInterval(sample, SAMPLE_MS)
  const started = performance.now()
  const ids = await attack(1)
  const waited = performance.now()
  await light()
  const innocentSeconds = seconds(waited)
  const ends =
    files && (await settled(api, ids[0] ?? 0)).images.map(({ status, error }) => error?.code ?? status)
  sample()
  const figures = {
    attack: name,
    ends: [...new Set(ends ?? ['pending'])].join(),
    cpu_s: rounded(service.usage().cpuSeconds - before),
    wall_s: seconds(started),
    peak_mb: Math.round(peak / MB),
    innocent_s: innocentSeconds
  }
  clearInterval(timer)
  if (files) await attack(2)
  const stopped = performance.now()
  const { code, signal } = await service.stop('SIGTERM')
  return { ...figures, stop_s: seconds(stopped), exit: signal ?? code }
}

/** The image of an innocent product is being downloaded each time the service is killed. */
async function killAgainAndAgain() {
  const folder = createFolder('killed')
  const slow = `http://shop.test:${shop.port}/slow`
  shop.on('/slow', silence())
  for (let kill = 0; kill < KILLS; kill++) {
    await using service = start(folder)
    const api = `${await service.ready()}/api/v1`
    const reached = shop.requested('/slow')
    if (kill === 0) await create(api, 1, [slow])
    await reached
  }
  shop.serve('/slow', innocent)
  await using service = start(folder)
  const api = `${await service.ready()}/api/v1`
  const started = performance.now()
  const { images } = await settled(api, 1)
  return {
    attack: `killed ${KILLS} times`,
    ends: images[0]?.error?.code ?? images[0]?.status,
    innocent_s: seconds(started)
  }
}

function start(folder: string): Service {
  const settings = {
    DATA_DIR: join(folder, 'data'),
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    LOG_LEVEL: 'info'
  }
  return new Service(settings, {
    args: ['--import', join(import.meta.dirname, 'names.ts'), SERVER],
    cwd: folder
  })
}

function tarpit(): string[][] {
  return Array.from({ length: TARPIT.products }, (_, n) =>
    Array.from(
      { length: TARPIT.images },
      (_, i) => `http://tar${(n + i) % TARPIT.names}.attacker.test:${attacker.port}/${n}-${i}`
    )
  )
}

async function done(api: string, userId: number, images: string[]): Promise<void> {
  const { image_status } = await settled(api, await create(api, userId, images))
  if (image_status !== 'done') throw new Error(`The innocent product is ${image_status}`)
}

async function create(api: string, user_id: number, product_images: string[]): Promise<number> {
  const body = { user_id, product_name: 'Lamp', product_price: 1, product_images }
  return (await post<{ product_id: number }>(`${api}/products`, body)).product_id
}

/** The stream of events ends when no image is pending. */
async function settled(api: string, id: number): Promise<Product> {
  await (await fetch(`${api}/products/${id}/events`)).text()
  return JSON.parse(await (await fetch(`${api}/products/${id}`)).text())
}

async function post<T>(url: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await response.text()
  if (response.status === 503) {
    await wait(Number(response.headers.get('retry-after')) * 1000)
    return await post(url, body)
  }
  if (!response.ok) throw new Error(`${response.status}: ${text}`)
  return JSON.parse(text)
}

function seconds(since: number): number {
  return rounded((performance.now() - since) / 1000)
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
