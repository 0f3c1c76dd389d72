import type { FastifyInstance } from 'fastify'
import { runningDecoders } from '../../lib/decoder/diagnostics.ts'
import { buildTestApp, settled } from '../support/app.ts'
import { type Origin, respond, startOrigin } from '../support/http/origin.ts'
import { type Owner, owned } from '../support/owner.ts'
import { rotatedAvif } from '../support/pictures/attacks.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { usageOf } from '../support/servers/process-tree.ts'

export const ADMIN = 'key-of-an-operator'
export const READER = 'key-of-a-spectator'

/** A text that would run if the page took it for markup. */
export const HOSTILE = '<img src=x onerror="document.title = 1">'

/** More than a decoder takes to start. */
const START_CPU_S = 0.7

const DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'

export interface Incidents {
  app: FastifyInstance
  url: string
  origin: Origin
  create(path: string, name?: string): Promise<number>
}

/** A service with keys, whose bucket refuses every write and whose receiver of webhooks responds with 500. */
export async function startIncidents(t: Owner): Promise<Incidents> {
  const bucket = owned(t, await startOrigin({ handler: refuseWrites() }))
  const receiver = owned(t, await startOrigin({ handler: respond('', { status: 500 }) }))
  const origin = owned(t, await startOrigin())
  origin.serve('/good.jpg', await labelled(1))
  origin.serve('/forbidden.jpg', 'Forbidden', { status: 403, type: 'text/plain' })
  const app = await buildTestApp(t, {
    API_KEYS: `${ADMIN},${READER}:read`,
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    AWS_ENDPOINT_URL_S3: bucket.url,
    AWS_BUCKET_NAME: 'images',
    AWS_ACCESS_KEY: 'key',
    AWS_SECRET_KEY: 'secret',
    WEBHOOK_URL: `${receiver.url}/hook`,
    RETRY_BASE_MS: '600000'
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const create = async (path: string, product_name = HOSTILE) => {
    const product_images = [`${origin.url}${path}`]
    return await app.products.create({ user_id: 1, product_name, product_price: 1, product_images })
  }
  return { app, url, origin, create }
}

/** Plants a picture that ends every decoder that is given it, as the kernel ends what takes all memory. */
export async function plantKiller({ app, origin, create }: Incidents): Promise<void> {
  origin.serve('/killer.avif', await rotatedAvif(7000, 1), { type: 'image/avif' })
  // One that decodes, which takes longer than its start. Ending one that starts is no fault of a picture.
  const killing = setInterval(() => {
    for (const pid of runningDecoders) if (usageOf(pid).cpuSeconds > START_CPU_S) process.kill(pid, 'SIGKILL')
  }, 20)
  await settled(app, await create('/killer.avif')).finally(() => clearInterval(killing))
}

function refuseWrites() {
  const read = respond('', { type: 'application/xml' })
  const write = respond(DENIED, { status: 403, type: 'application/xml' })
  return (...exchange: Parameters<typeof read>) =>
    (exchange[0].method === 'HEAD' || exchange[0].method === 'GET' ? read : write)(...exchange)
}
