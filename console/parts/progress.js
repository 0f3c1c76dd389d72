import { ACTS } from '../acts.js'
import { call } from '../api.js'
import { counted, number } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { useMayChange } from '../session.js'
import { Store, useStore } from '../store.js'
import { attempt } from './notices.js'

/** Actions that began in this tab and whose end was not seen yet. @type {Store<number[]>} */
const own = new Store(/** @type {number[]} */ ([]))

/** @param {number} id of an action that has just begun */
export const started = (id) => own.set([...own.value, id])

/** @param {number} id */
const dismiss = (id) => own.set(own.value.filter((other) => other !== id))

/** Actions that run, and how far they are. */
export function Progress() {
  const ids = useStore(own)
  const { data, refresh } = useLive('actions', { limit: 10 }, ids.length > 0 ? 1000 : 10_000)
  const actions = data?.actions ?? []
  const shown = actions.filter(({ id, state }) => state === 'running' || ids.includes(id))
  if (shown.length === 0) return null
  return html`
    <section class="panel progress" aria-label="Actions" role="status">
      ${shown.map((action) => html`<${Running} key=${action.id} action=${action} onCancel=${refresh} />`)}
    </section>`
}

/** @param {{ action: import('../calls.js').Action, onCancel: () => void }} props */
function Running({ action: { id, action, state, images, seen, changed }, onCancel }) {
  const mayChange = useMayChange()
  const cancel = () =>
    attempt(() => call('POST', `actions/${id}/cancel`, { body: {} }), 'The action is cancelled.').then(
      onCancel
    )
  const act = ACTS[action]
  const running = state === 'running'
  // Counting had to end before all were found, so their number is not known.
  const isCounted = seen < images
  const width = `${(100 * seen) / images}%`
  const result = `${counted(changed, 'image')} ${changed === 1 ? 'is' : 'are'} ${act?.done}`
  const ended = state === 'cancelled' ? `Cancelled: ${result}` : result
  return html`
    <div class="row">
      <span class="grow">
        ${running ? `${act?.doing} ${isCounted ? counted(images, 'image') : 'images'}` : ended}
        ${running && isCounted && html`<div class="bar"><span style=${{ width }}></span></div>`}
      </span>
      ${running && html`<span class="soft">${number(seen)} ${isCounted ? `of ${number(images)}` : 'so far'}</span>`}
      ${
        running
          ? mayChange && html`<button onClick=${cancel}>Cancel</button>`
          : html`<button class="quiet" aria-label="Close" onClick=${() => dismiss(id)}>✕</button>`
      }
    </div>`
}
