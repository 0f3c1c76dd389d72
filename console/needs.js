import { age, counted, number } from './format.js'
import { needsOfDeliveries } from './needs-of-deliveries.js'
import { needsOfImages } from './needs-of-images.js'
import { link } from './route.js'

/**
 * @typedef {object} Need
 * @property {'bad' | 'warn'} tone
 * @property {string} text
 * @property {string} advice
 * @property {string} href
 * @property {string} go the words of the link
 */

/** @type {Record<string, string>} what an absent dependency means */
const MEANWHILE = {
  database: 'Requests get 503 and workers wait. Nothing is lost.',
  redis: 'Reads go to the database. Rate limits are not enforced.',
  rabbitmq: 'Work waits in the outbox. Workers claim some of it directly.',
  storage: 'Images wait until it takes them again. None fails because of it.',
  notifications: 'Changes by other processes are noticed seconds later.'
}

/** Fewer say nothing about an origin. */
const MIN_REQUESTS = 5
/** Figures of an origin are means of so many minutes. */
const MINUTES = 10

/**
 * Returns what an operator should look at, the worst first.
 * @typedef {'overview' | 'intake' | 'processes' | 'origins' | 'deliveries'} Needed
 * @typedef {{ [Name in Needed]: import('./calls.js').Reply<'GET', Name> | undefined }} Replies
 * @param {Replies & { mayChange: boolean }} data
 * @returns {Need[]}
 */
export function needsOf({ mayChange, overview, intake, processes, origins, deliveries }) {
  const needs = [
    ...(overview ? ofDependencies(overview) : []),
    ...ofIntake(intake, mayChange),
    ...ofProcesses(processes?.processes ?? []),
    ...(overview ? needsOfImages(overview) : []),
    ...ofOrigins(origins?.origins ?? []),
    ...(deliveries ? needsOfDeliveries(deliveries, intake?.paused ?? false) : [])
  ]
  return needs.sort((a, b) => Number(a.tone === 'warn') - Number(b.tone === 'warn'))
}

/**
 * An older process that responds during an update has no `dependency_errors`.
 * @param {Partial<import('./calls.js').Overview>} overview
 * @returns {Need[]}
 */
function ofDependencies({ dependencies = {}, dependency_errors: errors }) {
  const away = Object.entries(dependencies).filter(([, state]) => state === 'unavailable')
  return away.map(([name]) => ({
    tone: 'bad',
    text: `The ${name} cannot be used${errors?.[name] ? `: ${errors[name]}` : ''}`,
    advice: MEANWHILE[name] ?? '',
    ...(name === 'storage'
      ? { href: link('images', { status: 'pending', code: name }), go: 'See what waits' }
      : { href: '#/work', go: 'Look at the work' })
  }))
}

/**
 * @param {import('./calls.js').Reply<'GET', 'intake'> | undefined} intake
 * @param {boolean} mayChange
 * @returns {Need[]}
 */
function ofIntake(intake, mayChange) {
  if (!intake?.paused) return []
  const reason = intake.reason ? `: ${intake.reason}` : ''
  const time = intake.since === null ? '' : ` for ${age(intake.since)}`
  const text = `All work has been paused${time} by ${intake.by}${reason}`
  const advice =
    'Products are still accepted. Images, webhooks and removals of files wait until work is resumed.'
  return [{ tone: 'bad', text, advice, href: '#/work', go: mayChange ? 'Resume …' : 'See the pause' }]
}

/** @param {import('./calls.js').Process[]} processes @returns {Need[]} */
function ofProcesses(processes) {
  if (processes.length === 0) return []
  /** @type {Need[]} */
  const needs = []
  const at = { href: '#/work', go: 'Look at the processes' }
  const works = processes.some(({ role, state }) => role !== 'api' && state !== 'lost')
  if (!works)
    needs.push({
      tone: 'bad',
      text: 'No worker runs',
      advice: 'Start one with ROLE=worker or ROLE=all.',
      ...at
    })
  const lost = processes.filter(({ state }) => state === 'lost')
  if (lost.length > 0) {
    const text = `${counted(lost.length, 'process', 'processes')} ended without a stop`
    needs.push({ tone: 'warn', text, advice: lost.map(({ host }) => host).join(', '), ...at })
  }
  return needs
}

/** @param {import('./calls.js').Origin[]} origins @returns {Need[]} */
function ofOrigins(origins) {
  return origins.flatMap(({ host, breaker, ...means }) => {
    const all = Math.round(MINUTES * means.requests_per_minute)
    const failures = Math.round(MINUTES * means.failures_per_minute)
    const isBroken = breaker.open + breaker.half_open > 0
    if (!isBroken && (all < MIN_REQUESTS || failures <= all / 2)) return []
    const meanwhile = isBroken
      ? 'Until it responds, its images wait, and one at a time is tried.'
      : 'The reason of each image names its response. Other origins are not slowed down.'
    return {
      tone: /** @type {const} */ ('warn'),
      text: isBroken ? `${host} does not respond` : `${host} fails most requests`,
      advice: `${number(failures)} of ${counted(all, 'request')} failed in the last ${MINUTES} minutes. ${meanwhile}`,
      ...(isBroken
        ? { href: link('origins', { host }), go: 'See the origin' }
        : { href: link('images', { host, status: 'failed' }), go: 'See its images' })
    }
  })
}
