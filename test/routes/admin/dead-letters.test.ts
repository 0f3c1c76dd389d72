import { connect } from 'amqplib'
import t from 'tap'
import { deadQueue } from '../../../lib/rabbitmq/topology.ts'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { settingsOn } from '../../support/servers/settings.ts'
import { services } from '../../support/servers/shared.ts'

const URL = '/api/v1/admin/dead-letters'

t.test('dead letters are listed, shown, sent again and deleted', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  const settings: Record<string, string> = { ...(await settingsOn(servers)), ROLE: 'api' }
  const app = await buildTestApp(t, settings)
  const call = await documented(app)
  const queue = settings.RABBITMQ_IMAGE_QUEUE ?? ''
  const connection = await connect(servers.rabbitmq.url)
  t.teardown(() => connection.close())
  const channel = await connection.createConfirmChannel()
  const body = 'x'.repeat(300)
  for (const messageId of ['one', 'two', 'three'])
    channel.sendToQueue(deadQueue(queue), Buffer.from(body), {
      messageId,
      headers: { 'x-reason': 'no JSON' }
    })
  await channel.waitForConfirms()

  const letter = { id: 'one', reason: 'no JSON', since: null, body }
  const list = async () => (await call({ url: `${URL}?limit=1` })).json()
  t.match(await list(), { total: Number, dead_letters: [{ ...letter, body: body.slice(0, 200) }] })
  t.strictSame((await call({ url: `${URL}/one` })).json(), letter)
  t.strictSame(
    (await call({ url: `${URL}/four` })).json(),
    problem('not_found', 'There is no dead letter four.')
  )

  const post = async (verb: string, payload: object) =>
    (await call({ method: 'POST', url: `${URL}/${verb}`, payload })).json()
  t.strictSame(await post('replay', { ids: ['one'] }), { count: 1 })
  t.match(await channel.get(queue, { noAck: true }), { properties: { messageId: 'one' } })
  t.strictSame(await post('purge', { all: true }), { count: 2 })
  t.equal(await channel.get(deadQueue(queue)), false)
  const missing = problem('invalid_request', 'The request does not match the schema.', [
    { pointer: '/ids', detail: 'is needed, unless all is true' }
  ])
  for (const payload of [{}, { ids: ['one'], all: true }]) t.strictSame(await post('purge', payload), missing)
  const { rows } = await app.pg.query('SELECT act, subject FROM audit ORDER BY id')
  t.strictSame(rows, [
    { act: 'dead_letters.replay', subject: { ids: ['one'] } },
    { act: 'dead_letters.purge', subject: { all: true } }
  ])
})

t.test('while others read them, a request waits, and is then refused', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  const settings: Record<string, string> = { ...(await settingsOn(servers)), ROLE: 'api' }
  const call = await documented(await buildTestApp(t, settings))
  const turn = `${deadQueue(settings.RABBITMQ_IMAGE_QUEUE ?? '')}.turn`
  const connection = await connect(servers.rabbitmq.url)
  t.teardown(() => connection.close())
  const channel = await connection.createChannel()
  await channel.assertQueue(turn, { exclusive: true, durable: false })
  t.strictSame(
    (await call({ url: URL })).json(),
    problem('unavailable', `Another request is at ${turn}; retry later.`)
  )
  const waiting = call({ url: URL })
  await channel.deleteQueue(turn)
  t.equal((await waiting).statusCode, 200)
})

t.test('without RabbitMQ there are none', async (t) => {
  const call = await documented(await buildTestApp(t))
  t.strictSame((await call({ url: URL })).json(), { total: 0, dead_letters: [] })
  const purge = await call({ method: 'POST', url: `${URL}/purge`, payload: { all: true } })
  t.strictSame(purge.json(), { count: 0 })
})
