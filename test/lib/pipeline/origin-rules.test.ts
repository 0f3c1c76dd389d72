import t from 'tap'
import type { Visit } from '../../../lib/download/download.ts'
import { ImageError, type ImageErrorCode } from '../../../lib/image/error.ts'
import { Limiter } from '../../../lib/pipeline/limiter.ts'
import type { RuleOf } from '../../../lib/pipeline/origins.ts'
import { Recent } from '../../../lib/pipeline/recent.ts'

const DOMAIN = 'shop.example'
const request = { sourceUrl: `https://${DOMAIN}/1.jpg`, userId: 1 }
const never = new AbortController().signal
const nothing = async () => undefined

/** A limiter, and what an operator has ordered for its only origin. */
function start() {
  const order: { rule: ReturnType<RuleOf> } = { rule: undefined }
  const limiter = new Limiter({
    capacity: { compress: 4, inFlight: 16 },
    locate: async () => ({ domain: DOMAIN, networks: [] }),
    ruleOf: () => order.rule,
    now: () => 90_000,
    loop: () => 0
  })
  return { order, limiter }
}

t.test('images of a paused origin are snoozed, also those that wait for a place', async (t) => {
  const { order, limiter } = start()
  const all = Promise.withResolvers<undefined>()
  const images = Array.from({ length: 8 }, () => limiter.run(request, never, () => all.promise))
  const waiting = Promise.allSettled(images)
  await new Promise(setImmediate)
  order.rule = { rule: 'pause', places: null, reason: null }
  limiter.rulesChanged()
  await t.rejects(limiter.run(request, never, nothing), { name: 'Snoozed', code: 'origin_paused' })
  all.resolve(undefined)
  const snoozed = (await waiting).filter(({ status }) => status === 'rejected')
  t.equal(snoozed.length, 2, 'six of eight places were taken')
  order.rule = undefined
  await t.resolves(limiter.run(request, never, nothing))
})

t.test('images of a refused origin fail for good, with the reason', async (t) => {
  const { order, limiter } = start()
  order.rule = { rule: 'refuse', places: null, reason: 'It sends viruses.' }
  const message = `The operator refuses images from ${DOMAIN}: It sends viruses.`
  await t.rejects(limiter.run(request, never, nothing), {
    name: 'ImageError',
    code: 'blocked_address',
    transient: false,
    message
  })
})

t.test('a narrowed origin has so many downloads at once', async (t) => {
  const { order, limiter } = start()
  order.rule = { rule: 'narrow', places: 2, reason: null }
  let running = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
  }
  await Promise.all(Array.from({ length: 10 }, () => limiter.run(request, never, work)))
  t.equal(most, 2)
})

t.test('an origin is reported with its images, failures and places', async (t) => {
  const { limiter } = start()
  await limiter.run(request, never, nothing)
  const fail = (code: ImageErrorCode, isDownloaded: boolean) =>
    limiter
      .run(request, never, (visit) => {
        const failure = new ImageError(code, 'x')
        if (isDownloaded) visit.responded()
        else visit.failed(failure)
        return Promise.reject(failure)
      })
      .catch(nothing)
  await fail('http_status', true)
  await fail('unreachable', false)
  // Not its fault: a picture too large, one that takes its decoder too long, a bucket that is away.
  await fail('too_large', false)
  await fail('timeout', true)
  await fail('storage', true)
  const held = Promise.withResolvers<undefined>()
  const begun = Promise.withResolvers<undefined>()
  const running = limiter.run(request, never, (visit) => {
    visit.responded()
    begun.resolve(undefined)
    return held.promise
  })
  await begun.promise
  t.strictSame(limiter.origins(), [
    { domain: DOMAIN, places: 0, requests: 0.6, failures: 0.2, latencyMs: 0, breaker: 'closed' }
  ])
  held.resolve(undefined)
  await running
})

t.test('an origin that redirects is not blamed for where it leads', async (t) => {
  const limiter = new Limiter({
    capacity: { compress: 4, inFlight: 16 },
    locate: async (url) => ({ domain: new URL(url).host, networks: [] }),
    now: () => 90_000,
    loop: () => 0
  })
  const failure = new ImageError('http_status', 'x')
  const work = async (visit: Visit) => {
    visit.responded()
    await visit.redirected('https://cdn.example/1.jpg')
    visit.failed(failure)
    throw failure
  }
  await t.rejects(limiter.run(request, never, work), failure)
  t.match(limiter.origins(), [{ domain: 'cdn.example', requests: 0.1, failures: 0.1 }])
})

t.test('a mean of the last ten minutes fades', (t) => {
  const recent = new Recent()
  for (let i = 0; i < 10; i++) recent.add(300_000)
  t.equal(recent.rate(590_000), 1)
  t.equal(recent.rate(600_000), 1)
  t.equal(recent.rate(900_000), 0.5)
  t.equal(recent.rate(1_200_000), 0)
  t.equal(recent.rate(3_000_000), 0)
  t.end()
})
