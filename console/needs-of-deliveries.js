import { counted, until } from './format.js'
import { link } from './route.js'

/** @typedef {import('./needs.js').Need} Need */

/**
 * @param {import('./calls.js').Reply<'GET', 'deliveries'>} page attempts, the newest first
 * @param {boolean} isPaused whether all work is
 * @returns {Need[]}
 */
export function needsOfDeliveries({ deliveries: [latest], outstanding }, isPaused) {
  const { waiting, next_attempt_at: next, given_up: lost } = outstanding
  const go = {
    tone: /** @type {const} */ ('warn'),
    href: link('deliveries', { failed: true }),
    go: 'See the deliveries'
  }
  const needs = []
  if (lost > 0) {
    const text = `${counted(lost, 'webhook')} ${lost === 1 ? 'was' : 'were'} given up`
    needs.push({
      ...go,
      text,
      advice: 'All attempts of four hours failed. Send them again once the receiver works.'
    })
  }
  if (waiting === 0 || next === null) return needs
  const waits = `${counted(waiting, 'webhook')} ${waiting === 1 ? 'waits' : 'wait'} for another attempt`
  const then = isPaused ? 'None is sent while all work is paused.' : `The next attempt is ${until(next)}.`
  if (!latest || latest.error === null)
    return [...needs, { ...go, text: waits, advice: `${then} The receiver accepted the latest one.` }]
  const text = `The webhook receiver ${latest.status ? `responds with ${latest.status}` : 'does not respond'}`
  return [...needs, { ...go, text, advice: `${waits}. ${then} Each is retried for about four hours.` }]
}
