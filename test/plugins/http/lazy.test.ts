import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import { lazyFor } from '../../../plugins/http/lazy.ts'

t.test('a value is made on its first use, and once', async (t) => {
  const lazy = lazyFor(Fastify())
  let made = 0
  const get = lazy(() => ++made)
  t.equal(made, 0)
  t.strictSame([get(), get(), made], [1, 1, 1])
})

t.test(
  'unused values are made some time after the service listens, one by one with other work in between',
  async (t) => {
    const app = Fastify()
    t.teardown(() => app.close())
    const lazy = lazyFor(app)
    const steps: string[] = []
    const first = lazy(() => steps.push('first'))
    lazy(() => {
      steps.push('second')
      setImmediate(() => steps.push('other work'))
    })
    const last = new Promise((resolve) => lazy(() => resolve(steps.push('third'))))
    first()
    await app.listen({ port: 0 })
    await last
    t.strictSame(steps, ['first', 'second', 'other work', 'third'])
  }
)

t.test('a value that cannot be made is logged when the service has listened for some time', async (t) => {
  const stream = new PassThrough()
  const app = Fastify({ logger: { level: 'error', stream } })
  t.teardown(() => app.close())
  lazyFor(app)(() => JSON.parse('{'))
  const line = once(stream, 'data')
  await app.listen({ port: 0 })
  t.match(JSON.parse(String(await line)), { level: 50, err: { type: 'SyntaxError' } })
})
