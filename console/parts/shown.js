import { age, until, words } from '../format.js'
import { html } from '../html.js'
import { session } from '../session.js'
import { useStore } from '../store.js'

/** @type {Record<string, 'ok' | 'warn' | 'bad' | 'info'>} */
const TONES = {
  done: 'ok',
  running: 'ok',
  connected: 'ok',
  embedded: 'ok',
  closed: 'ok',
  pending: 'info',
  draining: 'warn',
  paused: 'warn',
  drained: 'warn',
  half_open: 'warn',
  cancelled: 'warn',
  failed: 'bad',
  lost: 'bad',
  unavailable: 'bad',
  open: 'bad'
}

/** @param {{ name: string }} props a state that the service knows */
export const Status = ({ name }) => html`<span class=${`status ${TONES[name] ?? ''}`}>${words(name)}</span>`

/** @param {{ at: string | null }} props */
export function Ago({ at }) {
  if (at === null) return '–'
  const distance = Date.parse(at) > Date.now() ? until(at) : `${age(at)} ago`
  return html`<time datetime=${at} title=${new Date(at).toLocaleString()}>${distance}</time>`
}

/** The one that did something. @param {{ name: string | null }} props */
export function Actor({ name }) {
  const current = useStore(session)
  const own = name !== 'anyone' && current?.actor === name
  return html`<bdi>${name}</bdi>${own && ' (this key)'}`
}

/** What is shown until there is data. @param {{ error: string | null, what: string }} props */
export const Waiting = ({ error, what }) =>
  error
    ? html`<p class="problem" role="alert">${error}</p>`
    : html`<p class="empty pulse" role="status">Loading ${what} …</p>`

/** @param {{ children?: import('preact').ComponentChildren }} props */
export const Empty = ({ children }) => html`<p class="empty">${children}</p>`
