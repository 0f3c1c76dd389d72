import { Store } from './store.js'

const BASE = new URL('../api/v1/admin/', location.href)
const KEY = 'asyncprod.key'

/** The key of this tab. It is gone when the tab is closed. */
export const key = new Store(sessionStorage.getItem(KEY) ?? '')
/** Why a key is needed, '' if there was none yet, or null if none is needed. @type {Store<string | null>} */
export const refusal = new Store(/** @type {string | null} */ (null))

/** @param {string} value */
export function signIn(value) {
  sessionStorage.setItem(KEY, value)
  refusal.set(null)
  key.set(value)
}

export function signOut() {
  sessionStorage.removeItem(KEY)
  refusal.set('You are signed out.')
  key.set('')
}

/** What the service said instead of a result. */
export class Failure extends Error {
  /**
   * @param {number} status 0 if there was no response
   * @param {string} code
   * @param {string} detail
   */
  constructor(status, code, detail) {
    super(detail)
    this.status = status
    this.code = code
  }
}

/** @typedef {Record<string, string | number | undefined>} Values */

/**
 * Resolves with the response's JSON. Throws a Failure.
 * @template {import('./calls.js').Method} M
 * @template {import('./calls.js').Path<M>} P
 * @param {M} method
 * @param {P} path below /api/v1/admin/
 * @param {{ query?: Values, body?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<import('./calls.js').Reply<M, P>>}
 */
export async function call(method, path, { query = {}, body, signal } = {}) {
  const url = new URL(path, BASE)
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
  const used = key.value
  /** @type {Record<string, string>} */
  const headers = {}
  if (used) headers.authorization = `Bearer ${used}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  /** @type {RequestInit} */
  const init = { method, headers, cache: 'no-store' }
  if (body !== undefined) init.body = JSON.stringify(body)
  if (signal) init.signal = signal
  /** @param {string} detail @returns {(error: unknown) => never} */
  const unreachable = (detail) => (error) => {
    if (signal?.aborted) throw error
    throw new Failure(0, 'unreachable', detail)
  }
  const response = await fetch(url, init).catch(unreachable('The service cannot be reached.'))
  if (response.ok) return await response.json().catch(unreachable('The response of the service was cut off.'))
  const result = await response.json().catch(() => ({}))
  const failure = new Failure(
    response.status,
    result.code ?? 'unknown',
    result.detail ?? `The service responded with ${response.status}.`
  )
  // A late response to an earlier key says nothing about today's.
  if (used !== key.value) throw failure
  if (response.status === 401 || (response.status === 403 && method === 'GET'))
    refusal.set(used ? failure.message : (refusal.value ?? ''))
  throw failure
}
