import { html } from '../html.js'
import { Store, useStore } from '../store.js'

/**
 * @typedef {object} Notice
 * @property {string} text
 * @property {'ok' | 'bad'} tone
 * @property {(() => unknown) | undefined} [undo]
 */

/** @type {Store<Notice[]>} */
const notices = new Store(/** @type {Notice[]} */ ([]))

const SHOWN_MS = 12_000

/** @param {Notice} notice */
export function notify(notice) {
  notices.set([...notices.value.slice(-2), notice])
  setTimeout(() => remove(notice), SHOWN_MS)
}

/** @param {Notice} notice */
function remove(notice) {
  notices.set(notices.value.filter((other) => other !== notice))
}

/**
 * Does something and shows how it ended.
 * @param {() => Promise<unknown>} act
 * @param {string} done
 * @param {() => unknown} [undo]
 */
export async function attempt(act, done, undo) {
  try {
    await act()
    notify({ text: done, tone: 'ok', undo })
    return true
  } catch (error) {
    notify({ text: error instanceof Error ? error.message : String(error), tone: 'bad' })
    return false
  }
}

export function Notices() {
  const shown = useStore(notices)
  /** @param {Notice} notice */
  const takeBack = (notice) => {
    remove(notice)
    notice.undo?.()
  }
  return html`
    <div class="notices" role="status">
      ${shown.map(
        (notice) => html`
          <div class="notice">
            <span class=${`status ${notice.tone}`}></span>
            <span class="grow">${notice.text}</span>
            ${notice.undo && html`<button onClick=${() => takeBack(notice)}>Undo</button>`}
            <button class="quiet" aria-label="Close" onClick=${() => remove(notice)}>✕</button>
          </div>`
      )}
    </div>`
}
