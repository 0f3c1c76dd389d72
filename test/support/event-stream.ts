import type { FastifyInstance } from 'fastify'
import type { Product } from '../../lib/products/schemas.ts'

export interface ProductEvent {
  id: string | undefined
  event: string | undefined
  product: Product | null
}

/**
 * Opens a product's stream of events at a listening app. `next` resolves with null when the stream has
 * ended.
 */
export async function openEvents(app: FastifyInstance, url: string, lastEventId?: string, more = {}) {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(`${app.listeningOrigin}${url}/events`, { headers: { ...headers, ...more } })
  const events = parseEvents(response.body ?? [])
  const next = async () => (await events.next()).value ?? null
  return { response, next, close: () => events.return(undefined) }
}

/** Yields the events of a stream as they come. */
export async function* parseEvents(
  body: AsyncIterable<Uint8Array> | Uint8Array[]
): AsyncGenerator<ProductEvent, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    yield* blocks.map(fields).filter(({ event }) => event !== undefined)
  }
}

function fields(block: string): ProductEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  return { id: field('id'), event: field('event'), product: JSON.parse(field('data') ?? 'null') }
}
