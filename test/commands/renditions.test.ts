import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import type { Product } from '../../lib/products/schemas.ts'
import { FileStore } from '../../lib/storage/files.ts'
import { asyncprod } from '../support/cli.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { createFolder } from '../support/servers/guard.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedPostgres } from '../support/servers/shared.ts'
import { startService } from '../support/service.ts'

const CLI = join(import.meta.dirname, '../../cli.ts')
/** `PRODUCTS=1000 node test/commands/renditions.test.ts` does it to 2,000 images. */
const PRODUCTS = Number(process.env.PRODUCTS ?? 100)
const IMAGES = 2 * PRODUCTS
const OLD = 'thumb:32x32,fit=cover,format=webp;small:40x'
const NEW = 'thumb:48x48,fit=cover,format=webp;small:40x;wide:64x,format=webp'

const shown = (number: number) => number.toLocaleString('en')

/** Of the command, at once. */
const MAX_ENQUEUED = 1000

const apply = (settings: Record<string, string>, ...options: string[]) =>
  spawn(process.execPath, [CLI, 'renditions', 'apply', ...options], {
    env: { PATH: process.env.PATH, ...settings },
    cwd: createFolder('cwd')
  })

/** Resolves with its exit code and what it printed, however long it takes. */
async function ended(command: ReturnType<typeof apply>): Promise<{ code: number; stdout: string }> {
  const [printed, [code]] = await Promise.all([command.stdout.toArray(), once(command, 'exit')])
  return { code, stdout: printed.join('') }
}

t.setTimeout(6000 * Math.max(PRODUCTS, 100))

t.test('a change of definitions while what works on it is killed', needsServices, async (t) => {
  const postgres = await sharedPostgres(t)
  const DATABASE_URL = await postgres.createDatabase()
  const pool = new pg.Pool({ connectionString: DATABASE_URL })
  const origin = await startOrigin()
  t.teardown(async () => {
    await pool.end()
    await origin.stop()
  })
  for (const n of [0, 1, 2]) origin.on(`/${n}.jpg`, respond(await labelled(n)))
  const DATA_DIR = createFolder('data')
  const settings = (RENDITIONS: string) => ({
    DATABASE_URL,
    DATA_DIR,
    RENDITIONS,
    KEEP_ORIGINALS: 'true',
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8'
  })
  const count = async (condition: string) => {
    const text = `SELECT count(*)::integer AS n FROM product_images
      WHERE product_id <= ${PRODUCTS} AND ${condition}`
    const { rows } = await pool.query<{ n: number }>(text)
    return rows[0]?.n ?? 0
  }
  const until = async (condition: string, least: number) => {
    while ((await count(condition)) < least) await wait(20)
  }
  const remade = `renditions ? 'wide'`
  const files = new FileStore(join(DATA_DIR, 'objects'), () => '')
  const stored = async () => {
    const keys: string[] = []
    for (const prefix of ['originals/', 'products/'])
      for await (const { key } of files.list(prefix)) keys.push(key)
    return keys
  }
  const named = async () => {
    const { rows } = await pool.query<{ key: string }>(
      `SELECT original->>'key' AS key FROM product_images UNION ALL SELECT object_key FROM product_images
       UNION ALL SELECT r.value->>'key' FROM product_images, jsonb_each(renditions) AS r`
    )
    return rows.map(({ key }) => key).sort()
  }
  const removeWhatIsLate = async () => {
    await pool.query('UPDATE outbox SET due_at = now(), scheduled = false')
    while ((await pool.query('SELECT FROM outbox')).rowCount) await wait(100)
  }

  const first = startService(t, settings(OLD))
  const url = await first.ready()
  const create = async (address: string, n: number, pictures: number[]) => {
    const product_images = pictures.map((picture) => `${origin.url}/${picture}.jpg?${n}`)
    const body = JSON.stringify({ user_id: 1, product_name: `Lamp ${n}`, product_images })
    const headers = { 'content-type': 'application/json' }
    const { status } = await fetch(`${address}/api/v1/products`, { method: 'POST', headers, body })
    return status
  }
  for (let n = 0; n < PRODUCTS; n++) await create(url, n, [0, 1])
  await until(`status = 'done'`, IMAGES)
  await first.stop('SIGTERM')
  const downloads = () => origin.count('/0.jpg') + origin.count('/1.jpg')
  const before = downloads()

  const plan = await asyncprod(['renditions', 'plan'], settings(NEW))
  t.match(plan, { code: 0, stderr: '' })
  t.match(
    plan.stdout,
    `To make again: ${shown(IMAGES)} (${shown(IMAGES)} have a rendition by an old definition)`
  )
  t.match(plan.stdout, `Objects to store: ${shown(4 * IMAGES)}, with as many PUTs`)
  t.match(plan.stdout, /Bytes: \d+\.\d MB .*means of 8 of them/)

  const second = startService(t, settings(NEW))
  const problems: string[] = []
  let reads = 0
  const watch = async (address: string, isOver: () => boolean) => {
    while (!isOver()) {
      const id = 1 + (reads++ % PRODUCTS)
      const product: Product | null = await fetch(`${address}/api/v1/products/${id}`)
        .then(async (reply) => JSON.parse(await reply.text()))
        .catch(() => null)
      if (!product) continue
      if (product.compressed_product_images.length !== 2) problems.push(`product ${id} has a hole`)
      for (const { url: main, renditions } of product.images)
        for (const picture of [main, renditions.thumb?.url]) {
          const status = await fetch(picture ?? 'no URL').then(
            (reply) => reply.status,
            () => null
          )
          if (status !== 200 && status !== null) problems.push(`${picture}: ${status}`)
        }
    }
  }
  let sold = 0
  /** Goes on creating products: interactive work beside the bulk. */
  const sell = async (address: string, isOver: () => boolean) => {
    for (let n = 0; !isOver(); n++) {
      if ((await create(address, n, [2]).catch(() => null)) === 201) sold++
      await wait(100)
    }
  }
  const use = (address: string, isOver: () => boolean) =>
    Promise.all([watch(address, isOver), sell(address, isOver)])
  let isOver = false
  const watching = use(await second.ready(), () => isOver)
  const killed = apply(settings(NEW))
  await until('generation > 2', IMAGES / 5)
  killed.kill('SIGKILL')
  await until(remade, IMAGES / 10)
  second.signal('SIGKILL')
  await second.ended
  isOver = true
  await watching
  const left = IMAGES - (await count(remade))
  t.ok(left > 0, 'killed in between')

  const paused = apply(settings(NEW))
  let printed = ''
  paused.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  // All that is left may be pending already. Before its first line a SIGINT would end the command.
  await once(paused.stdout, 'data')
  await until(`status = 'pending'`, Math.min(left, MAX_ENQUEUED))
  paused.kill('SIGINT')
  await once(paused, 'close')
  const [start, counts, ...rest] = printed.split('\n')
  t.match(start, /^Images to enqueue: \d+\. Ctrl-C pauses\.$/)
  t.match(counts, /^Images enqueued: \d+ of \d+$/)
  t.same(rest, ['Paused. Run the command again to go on.', ''])

  const third = startService(t, settings(NEW))
  isOver = false
  const watchingAgain = use(await third.ready(), () => isOver)
  const applied = await ended(apply(settings(NEW)))
  isOver = true
  await watchingAgain
  t.equal(applied.code, 0)
  t.match(
    applied.stdout,
    /^Images to enqueue: (\d+)\. Ctrl-C pauses\.\nImages enqueued: \1 of \1\n/,
    'only what is left'
  )
  t.comment(`${plan.stdout}${printed}${applied.stdout}`)
  t.match(applied.stdout, 'Still to make, as their sources fail: 0')
  t.equal(await count(`status = 'done' AND error_code IS NULL AND ${remade}`), IMAGES)
  t.ok(reads > 0 && sold > 0)
  t.strictSame(problems, [], 'all that was served was there')
  t.equal(downloads(), before, 'from originals')
  await removeWhatIsLate()
  t.strictSame(await stored(), await named())
  const text = `SELECT DISTINCT status, error_code, renditions ? 'wide' AS wide FROM product_images`
  t.strictSame((await pool.query(text)).rows, [{ status: 'done', error_code: null, wide: true }])
  const all = (await pool.query('SELECT FROM product_images')).rowCount ?? 0
  await third.stop('SIGTERM')

  const fourth = startService(t, settings(OLD))
  await fourth.ready()
  const old = await asyncprod(['renditions', 'plan'], settings('small:40x'))
  t.match(old.stdout, 'To make again: 0 (0 have a rendition by an old definition)\n')
  t.match(old.stdout, `Renditions that are no longer defined: ${shown(2 * all)} of ${shown(all)} images\n`)
  const pruned = await ended(apply(settings('small:40x'), '--prune'))
  t.match(pruned, { code: 0, stdout: new RegExp(`renditions that are no longer defined: ${all}\n$`) })
  await removeWhatIsLate()
  t.strictSame(await stored(), await named())
  t.equal(await count(`renditions ? 'small' AND NOT renditions ?| '{thumb,wide}'`), IMAGES)
})

t.test('another action is refused with the usage', async (t) => {
  for (const args of [[], ['plan', '--prune'], ['apply', 'now']])
    t.match(await asyncprod(['renditions', ...args]), { code: 2, stderr: /asyncprod renditions apply/ })
})
