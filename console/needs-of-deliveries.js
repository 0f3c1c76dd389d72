import { counted } from './format.js'
import { link } from './route.js'

/** @typedef {import('./needs.js').Need} Need */

const RECENT_MS = 3_600_000

/** @param {{ deliveries: import('./calls.js').Delivery[], next: string | null }} page attempts, the newest first @returns {Need[]} */
export function needsOfDeliveries({ deliveries, next }) {
  const latest = new Map(deliveries.toReversed().map((delivery) => [delivery.message_id, delivery]))
  const refused = [...latest.values()].filter(
    ({ error, at }) => error !== null && Date.now() - Date.parse(at) < RECENT_MS
  )
  const newest = refused.at(-1)
  if (!newest) return []
  const text = `The webhook receiver ${newest.status ? `responds with ${newest.status}` : 'does not respond'}`
  const more = next === null ? '' : ' or more'
  const advice = `Not taken in the last hour: ${counted(refused.length, 'webhook')}${more}. Each is retried for about four hours.`
  return [
    { tone: 'warn', text, advice, href: link('deliveries', { failed: true }), go: 'See the deliveries' }
  ]
}
