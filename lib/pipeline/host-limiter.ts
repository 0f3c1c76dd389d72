import pLimit, { type LimitFunction } from 'p-limit'

/** The host has been busy with others for as long as anybody waits for it. */
export class HostBusy extends Error {
  override readonly name = 'HostBusy'
}

export interface HostLimiterOptions {
  /** Jobs that one host may have at once. */
  width: number
  /** How long a job waits for its turn before it is asked whether it makes room. */
  maxWaitMs: number
  /** Whether a job of another host may be waiting that could be done at this moment. */
  hasRoom(): boolean
}

/**
 * Bounds how many jobs one host may have at once, so that a slow one never takes the places of all the others. Who waits
 * longer than `maxWaitMs` while there is room for others is turned away with HostBusy. Where all is busy anyway nobody gains
 * by that: a queue of one host's images was turned away and owed again until each was made twice, seen.
 */
export class HostLimiter {
  readonly #lanes = new Map<string, LimitFunction>()
  readonly #options: HostLimiterOptions

  constructor(options: HostLimiterOptions) {
    this.#options = options
  }

  async run<T>(host: string, job: () => Promise<T>): Promise<T> {
    const { width, maxWaitMs, hasRoom } = this.#options
    const lane = this.#lanes.get(host) ?? pLimit(width)
    this.#lanes.set(host, lane)
    const { promise: tooLate, reject } = Promise.withResolvers<never>()
    let waits = true
    const impatience = setInterval(() => {
      if (!hasRoom()) return
      waits = false
      clearInterval(impatience)
      reject(new HostBusy())
    }, maxWaitMs)
    const turn = lane(async () => {
      clearInterval(impatience)
      if (!waits) throw new HostBusy()
      return await job()
    })
    const leave = () => {
      if (lane.activeCount + lane.pendingCount === 0) this.#lanes.delete(host)
    }
    // Also when it was turned away meanwhile: its place in the line is the last one to go.
    turn.then(leave, leave)
    return await Promise.race([turn, tooLate])
  }
}
