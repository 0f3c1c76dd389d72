import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { call, key } from './api.js'
import { Store, useStore } from './store.js'

/** Why the latest repeated call failed, or null. @type {Store<string | null>} */
export const trouble = new Store(/** @type {string | null} */ (null))

const EVERY_MS = 4000

/**
 * @template T
 * @typedef {object} Live
 * @property {T | undefined} data undefined until there is a response
 * @property {string | null} error why the latest call failed
 * @property {() => void} refresh calls at once
 */

/**
 * Calls again and again while the tab is visible.
 * @template {import('./calls.js').Path<'GET'>} P
 * @param {P} path
 * @param {Record<string, string | number | undefined>} [query]
 * @param {number} [everyMs]
 * @returns {Live<import('./calls.js').Reply<'GET', P>>}
 */
export function useLive(path, query = {}, everyMs = EVERY_MS) {
  const credentials = useStore(key)
  const [state, setState] = useState(
    /** @type {{ data?: import('./calls.js').Reply<'GET', P>, error: string | null }} */ ({ error: null })
  )
  const latest = useRef(() => {})
  const search = JSON.stringify(query)
  useEffect(() => {
    setState({ error: null })
    const controller = new AbortController()
    const { signal } = controller
    let timer = 0
    const next = async () => {
      clearTimeout(timer)
      if (document.hidden) return
      try {
        const data = await call('GET', path, { query: JSON.parse(search), signal })
        setState({ data, error: null })
        trouble.set(null)
      } catch (error) {
        if (signal.aborted) return
        const { message } = /** @type {Error} */ (error)
        setState((before) => ({ ...before, error: message }))
        trouble.set(message)
      }
      clearTimeout(timer)
      if (!signal.aborted) timer = setTimeout(next, everyMs)
    }
    latest.current = next
    document.addEventListener('visibilitychange', next)
    next()
    return () => {
      document.removeEventListener('visibilitychange', next)
      clearTimeout(timer)
      controller.abort()
    }
  }, [path, search, credentials, everyMs])
  const refresh = useCallback(() => latest.current(), [])
  return { data: state.data, error: state.error, refresh }
}
