import { mock } from 'node:test'
import type { Visit } from '../../lib/download/download.ts'
import { ImageError } from '../../lib/image/error.ts'
import { Limiter, type Request } from '../../lib/pipeline/limiter.ts'
import { Snoozed } from '../../lib/pipeline/snoozed.ts'

const { signal: never } = new AbortController()
export const TIMEOUT = new ImageError('timeout', 'The download took longer than 20 seconds.', {
  transient: true
})
export const settled = () => new Promise(setImmediate)

mock.timers.enable({ apis: ['setInterval'] })

/** A limiter on a clock that only `pass` moves. A host's network follows `@` in `hosts`, or is its own. */
export function createLimiter(
  { compress = 4, inFlight = 48, loop = (): number => 0 } = {},
  addresses: Record<string, string> = {}
) {
  let time = 0
  const limiter = new Limiter({
    capacity: { compress, inFlight },
    locate: async (url) => {
      const { hostname } = new URL(url)
      const domain = hostname.split('.').slice(-2).join('.')
      return { domain, networks: [addresses[domain] ?? hostname] }
    },
    now: () => time,
    loop
  })
  const pass = async (ms: number) => {
    for (let tick = 0; tick < ms; tick += 250) {
      time += 250
      mock.timers.tick(250)
      await settled()
    }
  }
  return { limiter, pass }
}

/** Images of one origin, each in its download until it is ended. */
export class Crowd {
  readonly visits: Visit[] = []
  readonly outcomes: unknown[] = []
  readonly #ends: ((error?: ImageError) => void)[] = []

  constructor(limiter: Limiter, count: number, host: string | ((index: number) => string), userId = 1) {
    for (let index = 0; index < count; index++) {
      const name = typeof host === 'string' ? host : host(index)
      void this.#add(limiter, { sourceUrl: `http://${name}/${index}.jpg`, userId })
    }
  }

  get running(): number {
    return this.#ends.length
  }

  get snoozed(): number {
    return this.outcomes.filter((outcome) => outcome instanceof Snoozed).length
  }

  /** Ends all that run, with an error or well. */
  async end(error?: ImageError): Promise<void> {
    for (const end of this.#ends.splice(0)) end(error)
    await settled()
  }

  async #add(limiter: Limiter, request: Request): Promise<void> {
    const outcome = await limiter
      .run(request, never, (visit) => this.#download(visit))
      .catch((error: unknown) => error)
    this.outcomes.push(outcome)
  }

  async #download(visit: Visit): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<ImageError | undefined>()
    this.#ends.push(resolve)
    const error = await promise
    if (error) {
      visit.failed(error)
      throw error
    }
    visit.responded()
    return 'done'
  }
}
