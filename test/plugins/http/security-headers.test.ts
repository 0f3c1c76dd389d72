import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

const app = await buildTestApp(t)

const DATA = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer'
}

t.test('data is never taken for a page', async (t) => {
  for (const url of [
    '/health',
    '/api/v1/products',
    '/api/v1/products/77',
    '/openapi.json',
    '/media/x.jpg',
    '/nowhere'
  ])
    t.match((await app.inject(url)).headers, DATA, url)
})

t.test('the documentation runs its own scripts only, in nobody’s frame', async (t) => {
  const reply = await app.inject('/documentation/')
  t.equal(reply.headers['x-content-type-options'], 'nosniff')
  t.equal(
    reply.headers['content-security-policy'],
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
  )
  t.notMatch(reply.body, /<script(?! src)|<style| on\w+=/, 'so it has none inline')
})
