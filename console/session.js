import { useEffect } from 'preact/hooks'
import { call, key, refusal } from './api.js'
import { Store, useStore } from './store.js'

/**
 * What the key may do.
 * @typedef {{ actor: string, may_change: boolean, version: string }} Session
 */

/** @type {Store<Session | null>} */
export const session = new Store(/** @type {Session | null} */ (null))

/** Asks for the session whenever the key changes. */
export function useSession() {
  const credentials = useStore(key)
  useEffect(() => {
    session.set(null)
    call('GET', 'session').then(
      (result) => session.set(result),
      ({ status, message }) => status !== 401 && status !== 403 && refusal.set(message)
    )
  }, [credentials])
}

/** Returns whether the key may change anything. */
export const useMayChange = () => useStore(session)?.may_change ?? false
