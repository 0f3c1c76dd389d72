import { useEffect, useState } from 'preact/hooks'

/**
 * @typedef {object} Route
 * @property {string} screen
 * @property {string | undefined} id
 * @property {Record<string, string>} query
 */

/**
 * Returns the screen that a fragment names, such as #/images?code=timeout or #/images/12.
 * @param {string} hash
 * @returns {Route}
 */
export function parse(hash) {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?')
  const [screen, id] = path.split('/')
  return {
    screen: screen || 'now',
    id: id && decodeURIComponent(id),
    query: Object.fromEntries(new URLSearchParams(search))
  }
}

/**
 * @param {string} path
 * @param {Record<string, string | number | boolean | null | undefined>} [query] empty values are left out
 */
export function link(path, query = {}) {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  return `#/${path}${search.size > 0 ? `?${search}` : ''}`
}

/** Returns the route of the address bar, and follows it. */
export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash))
  useEffect(() => {
    const follow = () => setRoute(parse(location.hash))
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}
