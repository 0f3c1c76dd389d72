import { createServer } from 'node:http'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { freePort } from '../../support/servers/port.ts'

t.test('METRICS_PORT serves metrics without a key, and nothing else', async (t) => {
  const port = await freePort()
  const app = await buildTestApp(t, { METRICS_PORT: String(port), API_KEYS: 'operator-key-of-16' })
  await app.ready()
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
  const scraped = await get('/metrics')
  t.equal(scraped.status, 200)
  t.match(await scraped.text(), /^asyncprod_dependency_up{dependency="database"} 1$/m)
  t.equal((await get('/api/v1/products')).status, 404)
  t.equal((await app.inject('/metrics')).statusCode, 401)
  await app.close()
  await t.rejects(get('/metrics'))
})

t.test('a METRICS_PORT that is taken stops the start', async (t) => {
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  t.teardown(() => other.close())
  await t.rejects(buildTestApp(t, { METRICS_PORT: String(port) }), {
    name: 'StartError',
    message:
      `Metrics cannot be served on 127.0.0.1:${port}: listen EADDRINUSE: ` +
      `address already in use 127.0.0.1:${port}. Choose another METRICS_PORT.`
  })
})

t.test('METRICS_PORT may not be PORT', async (t) => {
  await t.rejects(buildTestApp(t, { METRICS_PORT: '8080', PORT: '8080' }), {
    name: 'ConfigError',
    message: 'METRICS_PORT cannot be used: PORT is the same'
  })
})
