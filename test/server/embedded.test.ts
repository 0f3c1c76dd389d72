import t from 'tap'
import { create, read, settled, statusOf } from '../support/http/client.ts'
import { type Handler, respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { dataFolder, startService } from '../support/service.ts'

t.test('a process that serves, works, is killed, stopped and started again', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const picture = respond(await labelled(1))
  const settings = {
    DATA_DIR: await dataFolder(),
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    RETRY_BASE_MS: '10',
    SHUTDOWN_GRACE_MS: '2000'
  }

  const first = startService(t, settings)
  const url = await first.ready()

  const second = startService(t, settings)
  t.same(await second.ended, { code: 1, signal: null }, 'a second process on the same folder is refused')
  t.match(second.lines, [/^Another process works on .*: stop it, or set another DATA_DIR$/])

  // kill -9 while images are being made
  const never: Handler = () => undefined
  for (let i = 0; i < 20; i++) origin.on(`/${i}`, i < 10 ? picture : never)
  const asked = origin.requested('/19')
  const ids: number[] = []
  for (let i = 0; i < 20; i++) ids.push(await create(url, [`${origin.url}/${i}`]))
  await asked
  first.signal('SIGKILL')
  await first.ended
  for (let i = 10; i < 20; i++) origin.on(`/${i}`, picture)

  const third = startService(t, settings)
  const again = await third.ready()
  for (const id of ids)
    t.match(await settled(again, id), { image_status: 'done' }, `product ${id} was not lost`)

  // SIGTERM in the middle of a download that takes longer than the grace
  origin.on('/slow', never)
  const slow = origin.requested('/slow')
  const id = await create(again, [`${origin.url}/slow`])
  await slow
  third.signal('SIGTERM')
  t.same(await third.ended, { code: 0, signal: null }, 'a stop ends what it can and releases the rest')
  origin.on('/slow', picture)

  const fourth = startService(t, { ...settings, SHUTDOWN_GRACE_MS: '60000' })
  const last = await fourth.ready()
  t.match(
    await settled(last, id),
    { image_status: 'done', images: [{ attempts: 1 }] },
    'no attempt was burned'
  )
  t.equal((await read(last, id)).images.length, 1)

  // a second signal does not wait
  origin.on('/endless', never)
  const endless = origin.requested('/endless')
  await create(last, [`${origin.url}/endless`])
  await endless
  fourth.signal('SIGTERM')
  await fourth.said(/The service stops/)
  await t.rejects(statusOf(`${last}/health/live`), 'nothing more is accepted')
  fourth.signal('SIGTERM')
  t.same(await fourth.ended, { code: 1, signal: null }, 'the second signal ends it at once')
})
