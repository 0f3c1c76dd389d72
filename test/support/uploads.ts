import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

/** What POST /uploads returns. */
export interface Target {
  source: string
  put: { url: string; method: 'PUT'; headers: Record<string, string>; expires_at: string }
}

export type Headers = Record<string, string>

export function request(app: FastifyInstance, payload: object, headers: Headers = {}) {
  return inject(app, { method: 'POST', url: '/api/v1/uploads', payload, headers })
}

/** Waits and asks again if the service is overloaded, as a client does. */
async function inject(app: FastifyInstance, options: InjectOptions): Promise<LightMyRequestResponse> {
  const reply = await app.inject(options)
  if (reply.statusCode !== 503) return reply
  await wait(Number(reply.headers['retry-after']) * 1000)
  return await inject(app, options)
}

export async function target(app: FastifyInstance, payload: object, headers?: Headers): Promise<Target> {
  const reply = await request(app, payload, headers)
  if (reply.statusCode !== 201) throw new Error(reply.body)
  return reply.json()
}

/** Sends bytes as a client does. Resolves with the response's status and text. */
export async function send(
  target: Target,
  body: Uint8Array<ArrayBuffer>,
  headers = target.put.headers
): Promise<{ status: number; text: string }> {
  const { url, method } = target.put
  const response = await fetch(url, { method, headers, body })
  if (response.status === 503) {
    await wait(Number(response.headers.get('retry-after')) * 1000)
    return await send(target, body, headers)
  }
  return { status: response.status, text: await response.text() }
}

export async function upload(app: FastifyInstance, bytes: Buffer): Promise<string> {
  const made = await target(app, { content_type: 'image/jpeg', bytes: bytes.length })
  const { status, text } = await send(made, new Uint8Array(bytes))
  if (status !== 200) throw new Error(`${status} ${text}`)
  return made.source
}

export function post(
  app: FastifyInstance,
  product: { user_id?: number; product_images: string[] },
  headers: Headers = {}
): Promise<LightMyRequestResponse> {
  const payload = { user_id: 1, product_name: 'Lamp', ...product }
  return inject(app, { method: 'POST', url: '/api/v1/products', payload, headers })
}

/** The keys of all objects of uploads. */
export async function stored({ objects }: FastifyInstance): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list('uploads/')) keys.push(key)
  return keys
}

export const keyOf = (source: string) => `uploads/${source.slice('upload:'.length)}`
