import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Broker } from '../../../lib/rabbitmq/broker.ts'
import { DeadLetters } from '../../../lib/rabbitmq/dead-letters.ts'
import { RABBITMQ } from '../../../lib/rabbitmq/server.ts'
import { createLog } from '../../support/log.ts'
import { needsOwn } from '../../support/servers/needs.ts'
import { type Rabbitmq, startRabbitmq } from '../../support/servers/rabbitmq.ts'
import { createTcpProxy } from '../../support/tcp-proxy.ts'
import { collect, message, openBroker, untilPublished } from './open-broker.ts'

t.test('on a server that fails', needsOwn('rabbitmq'), async (t) => {
  const server: Rabbitmq = await startRabbitmq()
  t.teardown(() => server.stop())
  const open = (t: Test) => openBroker(t, { urls: server.urls, queue: server.queueName() })

  /** Resolves with the URL of a user with these rights. */
  async function addUser(name: string, ...rights: [configure: string, write: string, read: string]) {
    await server.rabbitmqctl(['add_user', name, 'secret'])
    await server.rabbitmqctl(['set_permissions', name, ...rights])
    return Object.assign(new URL(server.url), { username: name, password: 'secret' }).href
  }

  t.test('publisher and consumer are back after their connection was killed', async (t) => {
    const { broker, log } = await open(t)
    const { handle, seenAtLeast } = collect()
    await broker.consume(1, handle)
    for (const round of [1, 2]) {
      const again = once(broker, 'connect')
      await server.rabbitmqctl(['close_all_connections', 'a test'])
      await again
      await untilPublished(broker, `after ${round}`)
      await seenAtLeast(round)
    }
    t.match(await log.said(/connection to RabbitMQ is lost/), { level: 'warn' })
  })

  t.test('an ack after a reconnect settles no other message', async (t) => {
    const { broker } = await open(t)
    const first = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const ids: string[] = []
    const third = Promise.withResolvers<void>()
    await broker.consume(1, async ({ properties }) => {
      ids.push(properties.messageId)
      if (ids.length === 1) {
        first.resolve()
        await go.promise
      }
      if (ids.length === 3) third.resolve()
      return { settle: 'ack' }
    })
    await broker.publish(message, 'a')
    await first.promise
    const again = once(broker, 'connect')
    await server.rabbitmqctl(['close_all_connections', 'a test'])
    await again
    go.resolve()
    await broker.publish(message, 'b')
    await third.promise
    t.same(ids, ['a', 'a', 'b'])
  })

  t.test('a publish fails in time while the server is away, and works when it is back', async (t) => {
    const { broker } = await open(t)
    const again = once(broker, 'connect')
    // Not a kill: a quorum queue declared in the seconds before one never confirms again (RabbitMQ 3.10).
    await server.nodes[0]?.stop()
    const outcome = await broker.publish(message, 'away').catch((error: Error) => error)
    t.type(outcome, Error)
    t.equal(broker.connected, false)
    await server.nodes[0]?.start()
    await again
    await untilPublished(broker, 'back')
    t.ok((await broker.depth()) >= 1)
  })

  t.test('a server whose disk was wiped has its queues again', async (t) => {
    const { broker } = await open(t)
    const { handle, seenAtLeast } = collect()
    await broker.consume(1, handle)
    const again = once(broker, 'connect')
    await server.wipe()
    await again
    await untilPublished(broker, 'after')
    await seenAtLeast(1)
    t.pass('it was delivered')
  })

  t.test('the queue shrinks during a memory alarm, and messages are published when it is over', async (t) => {
    const { broker, log } = await open(t)
    for (let i = 0; i < 20; i++) await broker.publish(message, `m${i}`)
    const { handle, seenAtLeast } = collect()
    await server.rabbitmqctl(['set_vm_memory_high_watermark', '0.00001'])
    const outcome = await broker.publish(message, 'during').catch((error: Error) => error)
    t.type(outcome, Error)
    t.equal(broker.connected, false)
    t.ok(await log.said(/memory or disk alarm/))

    await broker.consume(5, handle)
    await seenAtLeast(20)
    const left = () =>
      server.rabbitmqctl(['list_queues', '--quiet', '--no-table-headers', 'name', 'messages'])
    while (!(await left()).includes(`${broker.queue}\t0`));
    t.pass('every message was acknowledged')

    const again = once(broker, 'connect')
    await server.rabbitmqctl(['set_vm_memory_high_watermark', '0.4'])
    await again
    await untilPublished(broker, 'after')
    await seenAtLeast(22)
  })

  t.test('a confirm that never comes rejects the publish, and the next ones find a way', async (t) => {
    const link = await createTcpProxy(server.url)
    t.teardown(link.close)
    await link.open()
    const { broker } = await openBroker(t, { urls: [link.url], queue: server.queueName() })
    link.freeze()
    await t.rejects(broker.publish(message, 'frozen'), { message: 'No response after 5000 ms' })
    t.equal(broker.connected, false, 'no other message waits for a confirm on that channel')
    link.thaw()
    await untilPublished(broker, 'thawed')
  })

  t.test('a server that freezes while its connections are closed holds nobody up', async (t) => {
    const link = await createTcpProxy(server.url)
    t.teardown(link.close)
    await link.open()
    const { broker } = await openBroker(t, { urls: [link.url], queue: server.queueName() })
    await broker.consume(1, collect().handle)
    link.freeze()
    await t.resolves(broker.close())
  })

  t.test('a replay during a memory alarm is refused in time, and its letter stays', async (t) => {
    const { broker } = await open(t)
    await broker.consume(1, async () => ({ settle: 'dead', reason: 'no JSON' }))
    await broker.publish(message, 'dead')
    while ((await broker.deadLetters()) === 0);
    await broker.cancel()
    await server.rabbitmqctl(['set_vm_memory_high_watermark', '0.00001'])
    const letters = await DeadLetters.open({ urls: [server.url], queue: broker.queue })
    await t.rejects(letters.replay(() => true))
    await letters.close().catch(() => undefined)
    await server.rabbitmqctl(['set_vm_memory_high_watermark', '0.4'])
    while ((await broker.deadLetters().catch(() => 0)) === 0) await wait(50)
    t.pass('it is there again')
  })

  t.test('a user who may not read the queue is refused when messages are to be consumed', async (t) => {
    const queue = server.queueName()
    await openBroker(t, { urls: [server.url], queue })
    const urls = [await addUser('writer', '.*', '.*', '')]
    const { broker } = await openBroker(t, { urls, queue })
    const error = await broker.consume(1, collect().handle).catch((error: Error) => error)
    t.match(RABBITMQ.cureOf(error), /read and write on the image queue/, String(error))
  })

  t.test('a user who may not declare uses queues that exist', async (t) => {
    const queue = server.queueName()
    await openBroker(t, { urls: [server.url], queue })
    const urls = [await addUser('worker', '', '.*', '.*')]
    const { broker } = await openBroker(t, { urls, queue })
    await broker.publish(message, 'used')
    t.equal(await broker.depth(), 1)
  })

  t.test('a URL that is wrong is said with its cure', async (t) => {
    const wrong: [change: (url: URL) => unknown, cure: RegExp][] = [
      [(url) => Object.assign(url, { password: 'wrong' }), /user and password in RABBITMQ_URL/],
      [(url) => Object.assign(url, { pathname: '/none' }), /virtual host/],
      [(url) => Object.assign(url, { username: 'worker', password: 'secret' }), /configure/]
    ]
    for (const [change, cure] of wrong) {
      const url = new URL(server.url)
      change(url)
      const broker = new Broker({ urls: [url.href], queue: server.queueName(), log: createLog() })
      const error = await broker.ready().catch((error: Error) => error)
      t.match(RABBITMQ.cureOf(error), cure, String(error))
      await broker.close()
    }
  })
})
