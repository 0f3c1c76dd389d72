import { counted, duration, number } from './format.js'
import { link } from './route.js'

/** @typedef {import('./needs.js').Need} Need */

/** Codes that are nobody's fault but ours. */
const SERIOUS = [
  { code: 'storage', text: 'The bucket has refused writes' },
  { code: 'internal', text: 'The service itself fails' }
]

const OLD_S = 600
const MAX_SHARE = 0.2

/** @param {import('./calls.js').Overview} overview @returns {Need[]} */
export function needsOfImages(overview) {
  /** @type {Need[]} */
  const needs = []
  const { failed_by_code: failed, retrying_by_code: retrying } = overview.images
  // What an operator has failed is dealt with.
  let rest = overview.images.failed - (failed.withdrawn ?? 0)
  for (const { code, text } of SERIOUS) {
    const count = (failed[code] ?? 0) + (retrying[code] ?? 0)
    if (count === 0 || overview.dependencies[code] === 'unavailable') continue
    rest -= failed[code] ?? 0
    const retried = `${counted(retrying[code] ?? 0, 'image')} will be retried, also without you`
    const advice = `${retried}; ${number(failed[code] ?? 0)} failed.`
    const query = { code, status: failed[code] ? 'failed' : 'pending' }
    needs.push({ tone: 'bad', text, advice, href: link('images', query), go: 'See the images' })
  }
  const blocked = failed.blocked_address ?? 0
  if (blocked > MAX_SHARE * overview.images.failed) {
    rest -= blocked
    const text = `${counted(blocked, 'source')} ${blocked === 1 ? 'is' : 'are'} in a private network`
    const advice =
      'If the network is yours, allow it with ALLOWED_SOURCE_NETWORKS, and retry. Otherwise replace the source.'
    const href = link('images', { status: 'failed', code: 'blocked_address' })
    needs.push({ tone: 'warn', text, advice, href, go: 'See the images' })
  }
  if (rest > 0) {
    const { done, failed: failures } = overview.last_hour
    const text = `${counted(rest, 'image')} failed and ${rest === 1 ? 'waits' : 'wait'} for another source or a retry`
    const ended = `${number(failures)} of ${counted(done + failures, 'image')} failed in the last hour`
    const advice = `${failures > 0 ? ended : 'None failed in the last hour'}. The reason of each says what to do.`
    needs.push({ tone: 'warn', text, advice, href: link('images', { status: 'failed' }), go: 'See them' })
  }
  const oldest = overview.oldest_due_s ?? 0
  if (oldest > OLD_S) {
    const text = `Work has been due for ${duration(oldest * 1000)}`
    needs.push({
      tone: 'warn',
      text,
      advice: 'Add workers, or find what holds them.',
      href: '#/work',
      go: 'Look at the work'
    })
  }
  const dead = overview.queue?.dead_letters ?? 0
  if (dead > 0) {
    const text = `${counted(dead, 'message')} could not be parsed`
    const advice = 'Another program publishes to the queue, or a message was damaged.'
    needs.push({ tone: 'warn', text, advice, href: '#/work', go: 'Read them' })
  }
  return needs
}
