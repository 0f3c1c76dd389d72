import { useEffect } from 'preact/hooks'
import { call, key } from './api.js'
import { Store, useStore } from './store.js'

/**
 * What the key may do.
 * @typedef {{ actor: string, may_change: boolean, version: string }} Session
 */

/** @type {Store<Session | null>} */
export const session = new Store(/** @type {Session | null} */ (null))

const RETRY_MS = 2000

/** Asks for the session whenever the key changes, until the service says who it belongs to or refuses it. */
export function useSession() {
  const credentials = useStore(key)
  useEffect(() => {
    session.set(null)
    const controller = new AbortController()
    const { signal } = controller
    const ask = () =>
      call('GET', 'session', { signal }).then(
        (result) => signal.aborted || session.set(result),
        ({ status }) => signal.aborted || status === 401 || status === 403 || setTimeout(ask, RETRY_MS)
      )
    ask()
    return () => controller.abort()
  }, [credentials])
}

/** Returns whether the key may change anything. */
export const useMayChange = () => useStore(session)?.may_change ?? false
