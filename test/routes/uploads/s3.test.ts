import t from 'tap'
import { real } from '../../consumers/services-under-test.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { uploads } from './scenario.ts'

t.test('on S3', needsServices, async (t) => {
  await uploads(t, real)

  t.test('the service itself takes no bytes', async (t) => {
    const { app } = await real(t)
    const url = '/api/v1/uploads/00000000-0000-4000-8000-000000000000'
    t.equal((await app.inject({ method: 'PUT', url, payload: 'x' })).statusCode, 404)
  })
})
