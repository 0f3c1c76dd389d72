import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** The first requests, a load balancer's checks among them, come sooner and need few of the values. */
const WARM_UP_AFTER_MS = 1000

/**
 * Returns a function that defers making a value to its first use, or to idle turns a second after the service
 * listens. Validators and serializers made at once took 200 of 1100 ms of CPU until the first response.
 */
export function lazyFor(app: FastifyInstance): <T>(make: () => T) => () => T {
  const left = new Set<() => unknown>()
  const warmUp = async () => {
    await wait(WARM_UP_AFTER_MS, undefined, { ref: false })
    for (const get of left) {
      await turn()
      get()
    }
  }
  app.addHook('onListen', async () => {
    warmUp().catch((err: unknown) => app.log.error({ err }, 'A schema cannot be used'))
  })
  return (make) => {
    let made: { value: ReturnType<typeof make> } | undefined
    const get = () => {
      made ??= { value: make() }
      left.delete(get)
      return made.value
    }
    left.add(get)
    return get
  }
}
