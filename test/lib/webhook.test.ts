import t from 'tap'
import { Webhook } from '../../lib/webhook.ts'
import { INSIDE, never, serve } from '../support/downloader.ts'

t.test('a webhook that leads inside fails in its own words, not in those of an image', async (t) => {
  const receiver = await serve(t, (_request, response) => response.end(), INSIDE)
  const webhook = new Webhook({ url: receiver.url, secret: undefined, policy: { networks: [], ports: [80] } })
  t.teardown(() => webhook.close())
  const error = await webhook.send('1', {}, never).catch((error: unknown) => error)
  t.match(error, { name: 'BlockedAddress', message: `${INSIDE}:${receiver.port} is not a permitted address` })
  t.same(receiver.sockets, [])
})
