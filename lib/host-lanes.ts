import pLimit, { type LimitFunction } from 'p-limit'

/** The host has been busy with others for as long as anybody waits for it. */
export class HostBusy extends Error {
  override readonly name = 'HostBusy'
}

/**
 * Bounds how many jobs one host may have at once, so that a slow one never takes the places of all the others. Who waits
 * longer than `patienceMs` for its turn is turned away with HostBusy, and makes room for a job of another host.
 */
export class HostLanes {
  readonly #lanes = new Map<string, LimitFunction>()
  readonly #width: number
  readonly #patienceMs: number

  constructor({ width, patienceMs }: { width: number; patienceMs: number }) {
    this.#width = width
    this.#patienceMs = patienceMs
  }

  async run<T>(host: string, job: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(host) ?? pLimit(this.#width)
    this.#lanes.set(host, lane)
    const { promise: tooLate, reject } = Promise.withResolvers<never>()
    let waits = true
    const timer = setTimeout(() => {
      waits = false
      reject(new HostBusy())
    }, this.#patienceMs)
    const turn = lane(async () => {
      clearTimeout(timer)
      if (!waits) throw new HostBusy()
      return await job()
    })
    try {
      return await Promise.race([turn, tooLate])
    } finally {
      if (lane.activeCount + lane.pendingCount === 0) this.#lanes.delete(host)
    }
  }
}
