import { registerHooks } from 'node:module'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

let isAway = true

registerHooks({
  resolve(specifier, context, next) {
    if (isAway && specifier === './documentation.ts') throw new Error('The file was replaced')
    return next(specifier, context)
  }
})

t.test('documentation that could not be loaded is loaded at the next request', async (t) => {
  const app = await buildTestApp(t)
  const statusOf = async () => (await app.inject('/openapi.json')).statusCode
  t.equal(await statusOf(), 500)
  isAway = false
  t.equal(await statusOf(), 200)
})

t.test('a service whose documentation could not be loaded closes as usual', async (t) => {
  isAway = true
  const app = await buildTestApp(t)
  const response = app.inject('/openapi.json')
  await t.resolves(app.close())
  t.equal((await response).statusCode, 500)
})
