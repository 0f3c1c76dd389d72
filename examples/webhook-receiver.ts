import Fastify, { type FastifyInstance } from 'fastify'
import { Webhook } from 'standardwebhooks'

/** Missing in what somebody else has sent, which the verification refuses. */
type Signature = Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>

/** A receiver for WEBHOOK_URL. Calls `onFinished` with each product whose images are finished. */
export function buildReceiver(
  secret: string,
  onFinished: (product: { id: number }) => Promise<void>
): FastifyInstance {
  const webhook = new Webhook(secret)
  const app = Fastify()
  // The signature is of the bytes that were sent.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body)
  )
  app.post<{ Body: string; Headers: Signature }>('/hook', async ({ body, headers }, reply) => {
    try {
      webhook.verify(body, headers)
    } catch {
      return reply.code(401).send()
    }
    // Whatever is not 2xx, an error of onFinished too, is sent again.
    await onFinished(JSON.parse(body).data)
    return reply.code(204).send()
  })
  return app
}
