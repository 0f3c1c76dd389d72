import { ANYONE, type Caller } from '../../lib/auth/caller.ts'
import { networkOf } from '../../lib/egress/address-policy.ts'
import { AppError } from '../../lib/http/app-error.ts'

/** The streams of one kind that this process has open, bounded in total and for each client. */
export class OpenStreams {
  readonly #max: number
  readonly #open = new Map<AbortController, string>()
  #closing = false

  constructor(max: number) {
    this.#max = max
  }

  /** Returns the controller that ends the stream. Throws `unavailable` if no further stream is allowed. */
  open({ caller, ip }: { caller: Caller; ip: string }): AbortController {
    const client = caller === ANYONE ? networkOf(ip) : caller.name
    if (this.#closing || this.#isFullFor(client)) {
      throw new AppError('unavailable', 'No more of these streams can be opened; retry later.')
    }
    const stop = new AbortController()
    this.#open.set(stop, client)
    stop.signal.addEventListener('abort', () => this.#open.delete(stop))
    return stop
  }

  close(): void {
    this.#closing = true
    for (const stop of this.#open.keys()) stop.abort()
  }

  /** One client gets at most half of the streams, so that others can connect. */
  #isFullFor(client: string): boolean {
    if (this.#open.size >= this.#max) return true
    const own = [...this.#open.values()].filter((owner) => owner === client)
    return own.length >= Math.ceil(this.#max / 2)
  }
}
