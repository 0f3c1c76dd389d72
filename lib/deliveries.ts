import type { ConsumeMessage } from 'amqplib'

const COUNT = 'x-deliveries'

/** How often the message was delivered before; null when its queue, a classic one, knows only that it was. */
export function deliveriesOf({ properties: { headers }, fields }: ConsumeMessage): number | null {
  const counted = headers?.['x-delivery-count'] ?? headers?.[COUNT]
  if (headers?.['x-delivery-count'] === undefined && fields.redelivered) return null
  return Number(counted ?? 0)
}

/** The headers of a copy of the message that counts one delivery more. */
export function countedHeaders({ properties: { headers } }: ConsumeMessage): object {
  return { ...headers, [COUNT]: Number(headers?.[COUNT] ?? 0) + 1 }
}
