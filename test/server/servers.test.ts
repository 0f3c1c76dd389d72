import t from 'tap'
import { create, read, settled, statusOf, until } from '../support/http/client.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { type LinkName, linkedServers } from '../support/links.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { needsServices } from '../support/servers/needs.ts'
import { startService } from '../support/service.ts'

t.test(
  'a start waits for the servers that it needs, and losing one ends nothing',
  needsServices,
  async (t) => {
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/1', respond(await labelled(1)))
    const picture = `${origin.url}/1`
    const { links, settings } = await linkedServers(t)
    const service = startService(t, settings)

    const waits: [LinkName, RegExp][] = [
      ['postgres', /PostgreSQL cannot be used yet; trying again/],
      ['redis', /Redis cannot be used yet; the service starts without it/],
      ['rabbitmq', /RabbitMQ cannot be used yet; trying again/],
      ['s3', /The object store cannot be used yet; trying again/]
    ]
    for (const [name, said] of waits) {
      await service.said(said)
      await links[name].open()
    }
    const url = await service.ready()
    const first = await create(url, [picture])
    t.match(await settled(url, first), { image_status: 'done' }, 'it waited, and works')

    await links.postgres.close()
    const database = await until(
      () => fetch(`${url}/api/v1/products/999999`),
      ({ status }) => status === 503
    )
    t.ok(database.headers.get('retry-after'), 'without the database requests are put off')
    t.equal(await statusOf(`${url}/health`), 503)
    t.equal(await statusOf(`${url}/health/ready`), 503)
    t.equal(await statusOf(`${url}/health/live`), 200)
    await links.postgres.open()
    await until(
      () => statusOf(`${url}/health/ready`),
      (status) => status === 200
    )
    t.match(
      await settled(url, await create(url, [picture])),
      { image_status: 'done' },
      'back after the database'
    )

    await links.redis.close()
    await until(
      () => statusOf(`${url}/redis-health`),
      (status) => status === 503
    )
    t.match(await read(url, first), { image_status: 'done' }, 'without Redis products are read')
    t.match(await settled(url, await create(url, [picture])), { image_status: 'done' }, 'and made')
    await links.redis.open()
    await until(
      () => statusOf(`${url}/redis-health`),
      (status) => status === 200
    )

    await links.rabbitmq.close()
    const waiting = await create(url, [picture])
    t.match(await read(url, waiting), { image_status: 'pending' }, 'without RabbitMQ products are accepted')
    await links.rabbitmq.open()
    t.match(
      await settled(url, waiting),
      { image_status: 'done', images: [{ attempts: 1 }] },
      'back after RabbitMQ'
    )

    await links.s3.close()
    const unstored = await create(url, [picture])
    const tried = await until(
      () => read(url, unstored),
      ({ images }) => images[0]?.error !== null
    )
    t.match(
      tried,
      { image_status: 'pending', images: [{ error: { code: 'storage' } }] },
      'without S3 images wait'
    )
    await links.s3.open()
    t.match(await settled(url, unstored), { image_status: 'done' }, 'back after S3')

    service.signal('SIGTERM')
    t.same(await service.ended, { code: 0, signal: null })
  }
)

t.test('a start gives up in time, and names the setting', needsServices, async (t) => {
  const { links, settings } = await linkedServers(t)
  const expected: [LinkName, RegExp][] = [
    ['postgres', /^PostgreSQL could not be used for 2000 ms: .*is DATABASE_URL /],
    ['rabbitmq', /^RabbitMQ could not be used for 2000 ms: .*is RABBITMQ_URL /],
    ['s3', /^The object store could not be used for 2000 ms: .*is AWS_BUCKET_NAME /]
  ]
  for (const [name, said] of expected) {
    const service = startService(t, { ...settings, STARTUP_TIMEOUT_MS: '2000' })
    t.same(await service.ended, { code: 1, signal: null }, name)
    t.match(service.plainLines, [said])
    t.equal(service.plainLines.length, 1, 'no stack')
    await links[name].open()
  }
})
