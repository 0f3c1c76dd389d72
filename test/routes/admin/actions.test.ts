import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Actions } from '../../../lib/actions/actions.ts'
import { runAction } from '../../../lib/actions/run.ts'
import { buildTestApp, settled } from '../../support/app.ts'
import { respond, startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
const picture = await labelled(1)
const URL = '/api/v1/admin/actions'

t.test('on PGlite', async (t) => conformance(t, {}))
t.test('on PostgreSQL', needsServices, async (t) =>
  conformance(t, { DATABASE_URL: await (await sharedPostgres(t)).createDatabase() })
)

async function conformance(t: Test, variables: Record<string, string>): Promise<void> {
  const app = await buildTestApp(t, { ...variables, ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const call = await documented(app)
  const post = async (payload: object) => (await call({ method: 'POST', url: URL, payload })).json()
  const read = async (id: number) => (await call({ url: `${URL}/${id}` })).json()
  const statuses = async (id: number) =>
    (await settled(app, id)).images.map(({ status, error_code }) => error_code ?? status).toSorted()

  /** Resolves when the action has ended, and the images of these products, too. */
  async function does(payload: object, products: number[] = []): Promise<Record<string, unknown>> {
    const { id } = await post(payload)
    let action = await read(id)
    while (action.state === 'running') action = await read(id)
    for (const product of products) await settled(app, product)
    return action
  }

  const folder = variables.DATABASE_URL ? '/real' : ''
  const ids: number[] = []
  for (const name of ['a', 'b', 'c']) {
    const product_images = [1, 2].map((n) => `${origin.url}${folder}/${name}${n}.jpg`)
    ids.push(await app.products.create({ user_id: 1, product_name: name, product_images }))
  }
  for (const id of ids) await settled(app, id)
  const [first = 0, second = 0] = ids

  t.test('its number comes first, and what does not fit is refused', async (t) => {
    const count = (filter: object, action = 'retry') => post({ action, filter, dry_run: true })
    t.strictSame(await count({}), { images: 6, is_exact: true })
    t.strictSame(await count({ product_id: first, code: 'http_status' }), { images: 2, is_exact: true })
    t.strictSame(await count({}, 'fail'), { images: 0, is_exact: true })
    t.strictSame(
      await count({ status: 'done' }),
      problem('invalid_input', 'retry is for images that are failed.', [
        { pointer: '/filter/status', detail: 'must be failed, or left out' }
      ])
    )
    t.match(await count({ hosts: 'a.example' }), { code: 'invalid_request' })
    t.match(await count({}, 'destroy'), { code: 'invalid_request' })
    t.strictSame((await call({ url: URL })).json(), { actions: [], next: null })
  })

  t.test('all failed images are retried, and it is recorded by whom', async (t) => {
    for (const name of ['a', 'b', 'c'])
      for (const n of [1, 2]) origin.on(`${folder}/${name}${n}.jpg`, respond(picture))
    const action = await does({ action: 'retry', filter: {} }, ids)
    t.match(action, {
      state: 'done',
      images: 6,
      seen: 6,
      changed: 6,
      actor: 'anyone',
      filter: { status: 'failed' }
    })
    for (const id of ids) t.strictSame(await statuses(id), ['done', 'done'])
    const { rows } = await app.pg.query('SELECT actor, act, subject FROM audit')
    t.strictSame(rows, [
      {
        actor: 'anyone',
        act: 'action.start',
        subject: { id: action.id, action: 'retry', filter: { status: 'failed' }, images: 6 }
      }
    ])
    const outbox = await app.pg.query(`SELECT class FROM outbox WHERE kind = 'action'`)
    t.equal(outbox.rowCount, 0)
  })

  t.test('results are deleted, made again and fetched again', async (t) => {
    const filter = { product_id: first }
    t.match(await does({ action: 'delete-results', filter }), { changed: 2 })
    t.strictSame(await statuses(first), ['withdrawn', 'withdrawn'])
    t.match((await app.inject(`/api/v1/products/${first}`)).json(), {
      image_status: 'failed',
      compressed_product_images: [],
      images: [{ url: null, error: { code: 'withdrawn' } }, { url: null }]
    })
    const keys = async (id: number) => (await settled(app, id)).images.map(({ object_key }) => object_key)
    for (const action of ['remake', 'refetch']) {
      const before = await keys(second)
      t.match(await does({ action, filter: { product_id: second } }, [second]), { changed: 2 }, action)
      for (const key of await keys(second)) t.notOk(key === null || before.includes(key))
    }
  })

  t.test(
    'an action goes on where it was stopped, visits each image once, and can be cancelled',
    async (t) => {
      const { actions, act } = await manyPending(app, 450)
      const stop = new AbortController()
      const options = { pool: app.pg.pool, actions, changes: { act } }
      const stopping = {
        ...options,
        changes: { act: (...args: Parameters<typeof act>) => act(...args).finally(() => stop.abort()) }
      }
      const one = await insertAction(app)
      await t.rejects(runAction(one, stopping, stop.signal), { name: 'AbortError' })
      t.match(await read(one), { state: 'running', images: 300, seen: 200, changed: 200 })
      await runAction(one, options, new AbortController().signal)
      t.match(await read(one), { state: 'done', images: 450, seen: 450, changed: 450 })

      await app.pg.query(
        `UPDATE product_images SET status = 'pending', due_at = now() + interval '1 day'
          WHERE error_code = 'withdrawn' AND product_id > $1`,
        [first]
      )
      const other = await insertAction(app)
      const cancel = () => call({ method: 'POST', url: `${URL}/${other}/cancel` })
      const cancelling = {
        ...options,
        changes: { act: (...args: Parameters<typeof act>) => act(...args).finally(cancel) }
      }
      await runAction(other, cancelling, new AbortController().signal)
      const cancelled = (await cancel()).json()
      t.match(cancelled, { state: 'cancelled', seen: 0 })
      t.strictSame(await read(other), cancelled)
      t.equal((await call({ method: 'POST', url: `${URL}/4711/cancel` })).statusCode, 404)
      t.equal((await call({ url: `${URL}/4711` })).statusCode, 404)
    }
  )

  t.test('actions are listed, newest first', async (t) => {
    const { actions, next } = (await call({ url: `${URL}?limit=2` })).json()
    const rest = (await call({ url: `${URL}?cursor=${next}` })).json()
    const seen = [...actions, ...rest.actions].map(({ id }: { id: number }) => id)
    t.strictSame(
      seen,
      seen.toSorted((a, b) => b - a)
    )
    t.equal(rest.next, null)
    t.equal(seen.length, 6)
  })
}

/** One product with images that come due tomorrow. */
async function manyPending(app: FastifyInstance, count: number) {
  await app.pg.query(
    `WITH product AS (INSERT INTO products (user_id, product_name, product_price, product_images, version)
       SELECT 1, 'Many', 1, array_agg('https://many.example/' || n), 1 FROM generate_series(1, $1::integer) AS n
       RETURNING id, product_images)
     INSERT INTO product_images (product_id, source_url, due_at)
     SELECT id, url, now() + interval '1 day' FROM product, unnest(product_images) AS url`,
    [count]
  )
  const actions = new Actions(app.pg.pool, app.outbox)
  return { actions, act: app.products.background.act.bind(app.products.background) }
}

/** An action that no relay knows of. Counting was stopped before the last of its images. */
async function insertAction(app: FastifyInstance): Promise<number> {
  const { rows } = await app.pg.query<{ id: number }>(
    `INSERT INTO actions (action, filter, images, actor) VALUES ('fail', '{"status":"pending"}', 300, 'anyone')
      RETURNING id`
  )
  return rows[0]?.id ?? 0
}
