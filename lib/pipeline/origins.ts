import { LRUCache } from 'lru-cache'
import type { Location } from '../egress/locate.ts'
import type { Control } from '../fleet/controls.ts'
import type { OriginFigures } from '../fleet/origins.ts'
import { ImageError } from '../image/error.ts'
import { type BreakerState, Origin } from './origin.ts'
import { Snoozed } from './snoozed.ts'

const MAX_ORIGINS = 10_000
/** An origin is forgotten after this time without a download. */
const REMEMBERED_MS = 10 * 60_000

/**
 * Share of all places for one origin. The rest stays free for others, because running downloads are not
 * preempted.
 */
const SHARE_OF_ONE = 3 / 4
/** Share of all places for all slow and failing origins together. */
const SHARE_OF_TROUBLED = 1 / 2

/** A paused image looks again after this time, and up to as much later. */
const PAUSED_MS = 30_000
/** A process reports its busiest origins, up to this number. */
const MAX_REPORTED = 200

/** What an operator has ordered for a domain. */
export type RuleOf = (domain: string) => Pick<Control, 'rule' | 'places' | 'reason'> | undefined

/** Where one download goes. */
export interface Destination extends Location {
  origin: Origin
  /** Domain and networks. An address in a URL is its own domain: it counts once. */
  keys: readonly string[]
}

/** The downloads in progress by where they go, and how many of the places each origin may have. */
export class Origins {
  /** By registrable domain. */
  readonly #origins = new LRUCache<string, Origin>({
    max: MAX_ORIGINS,
    ttl: REMEMBERED_MS,
    updateAgeOnGet: true
  })
  readonly #downloads = new Set<Destination>()
  /** Downloads by domain and by network. */
  readonly #counts = new Map<string, number>()
  readonly #ruleOf: RuleOf

  constructor(ruleOf: RuleOf) {
    this.#ruleOf = ruleOf
  }

  destination(location: Location): Destination {
    const origin = this.#origins.get(location.domain) ?? new Origin()
    this.#origins.set(location.domain, origin)
    return { ...location, origin, keys: [...new Set([location.domain, ...location.networks])] }
  }

  /** Returns why nothing may be downloaded there now; null if rule and breaker permit it. */
  refusal({ domain, origin }: Destination, now: number): Snoozed | ImageError | null {
    const { rule, reason = null } = this.#ruleOf(domain) ?? {}
    if (rule === 'refuse') return refused(domain, reason)
    if (rule === 'pause') return new Snoozed('origin_paused', Math.round(PAUSED_MS * (1 + Math.random())))
    const state = origin.state(now)
    if (state === 'closed' || (state === 'half_open' && this.#count(domain) === 0)) return null
    return origin.failure(now) ?? new Snoozed('origin_down', origin.snoozeMs(1, now))
  }

  /** Whether one more download may begin there when there are `places` for all. */
  admits({ domain, origin, keys }: Destination, places: number, now: number): boolean {
    const limit = this.#ruleOf(domain)?.places ?? Number.POSITIVE_INFINITY
    if (this.#count(domain) >= limit) return false
    if (origin.state(now) !== 'closed' && this.#count(domain) > 0) return false
    if (keys.some((key) => this.#count(key) >= shareOf(places, SHARE_OF_ONE))) return false
    return !origin.isTroubled || this.troubled < shareOf(places, SHARE_OF_TROUBLED)
  }

  /** Returns a number by which origins with fewer downloads come first. */
  load({ domain, networks }: Destination): number {
    return 1000 * this.#count(domain) + Math.max(0, ...networks.map((network) => this.#count(network)))
  }

  enter(destination: Destination): void {
    this.#downloads.add(destination)
    for (const key of destination.keys) this.#counts.set(key, this.#count(key) + 1)
  }

  /** Has no effect if the download has already left. */
  leave(destination: Destination): void {
    if (!this.#downloads.delete(destination)) return
    for (const key of destination.keys) {
      if (this.#count(key) > 1) this.#counts.set(key, this.#count(key) - 1)
      else this.#counts.delete(key)
    }
  }

  /** Returns how many breakers of the last minutes' origins are in each state. */
  breakers(now: number): Record<BreakerState, number> {
    const states = { closed: 0, open: 0, half_open: 0 }
    for (const origin of this.#origins.values()) states[origin.state(now)]++
    return states
  }

  /** Returns what is known about the origins of the last minutes, the busiest first, MAX_REPORTED at most. */
  figures(now: number): OriginFigures[] {
    return [...this.#origins.entries()]
      .map(([domain, origin]) => ({ domain, places: this.#count(domain), ...origin.figures(now) }))
      .filter(({ places, requests, breaker }) => places > 0 || requests > 0 || breaker !== 'closed')
      .sort((a, b) => b.places - a.places || b.requests - a.requests)
      .slice(0, MAX_REPORTED)
  }

  get downloads(): number {
    return this.#downloads.size
  }

  /** Downloads from slow and failing origins. */
  get troubled(): number {
    let troubled = 0
    for (const { origin } of this.#downloads) if (origin.isTroubled) troubled++
    return troubled
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}

const shareOf = (places: number, share: number) => Math.max(1, Math.floor(places * share))

const refused = (domain: string, reason: string | null) =>
  new ImageError(
    'blocked_address',
    `The operator refuses images from ${domain}${reason ? `: ${reason}` : '.'}`
  )
