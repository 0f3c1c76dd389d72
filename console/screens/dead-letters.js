import { useState } from 'preact/hooks'
import { call } from '../api.js'
import { counted } from '../format.js'
import { html } from '../html.js'
import { Confirm } from '../parts/dialog.js'
import { notify } from '../parts/notices.js'
import { Ago, Empty } from '../parts/shown.js'
import { useMayChange } from '../session.js'

/** @typedef {{ verb: 'replay' | 'purge', which: object, count: number }} Act */

const DONE = { replay: 'published again', purge: 'purged' }

/** @param {Error} error */
const report = ({ message }) => notify({ text: message, tone: 'bad' })

/**
 * Messages that cannot be processed. A reader takes each out of the queue for a moment, so they are read only
 * if someone asks.
 * @param {{ total: number, onChange: () => void }} props
 */
export function DeadLetters({ total, onChange }) {
  const [letters, setLetters] = useState(/** @type {import('../calls.js').DeadLetter[]} */ ([]))
  const [purging, setPurging] = useState(/** @type {Act | null} */ (null))
  const mayChange = useMayChange()
  const read = () => call('GET', 'dead-letters').then(({ dead_letters }) => setLetters(dead_letters), report)
  /** @param {Act} act */
  const does = ({ verb, which }) =>
    call('POST', `dead-letters/${verb}`, { body: which }).then(({ count }) => {
      notify({
        text: `${counted(count, 'message')} ${count === 1 ? 'is' : 'are'} ${DONE[verb]}.`,
        tone: 'ok'
      })
      onChange()
      return read()
    }, report)
  /** @param {Act['verb']} verb @returns {Act} */
  const all = (verb) => ({ verb, which: { all: true }, count: total })
  return html`
    <section class="panel">
      <header>
        <h2>Dead letters</h2>
        <div class="row">
          ${total > 0 && html`<button onClick=${read}>Read ${counted(total, 'message')}</button>`}
          ${
            mayChange &&
            total > 0 &&
            html`
            <button onClick=${() => does(all('replay'))}>Replay all ${total}</button>
            <button class="danger" onClick=${() => setPurging(all('purge'))}>Purge all ${total} …</button>`
          }
        </div>
      </header>
      ${total === 0 && letters.length === 0 && html`<${Empty}>Nothing is dead.<//>`}
      <ul class="needs">
        ${letters.map(
          (letter) =>
            html`<${Letter} letter=${letter} mayChange=${mayChange} onReplay=${does} onPurge=${setPurging} />`
        )}
      </ul>
      ${
        purging &&
        html`
        <${Confirm} title=${`Purge ${counted(purging.count, 'message')}?`} act="Purge" onClose=${() => setPurging(null)}
          text="This cannot be undone. What the service itself enqueued is not lost: the sweep enqueues it again."
          onAct=${() => does(purging)} />`
      }
    </section>`
}

/**
 * @typedef {{ onReplay: (act: Act) => void, onPurge: (act: Act) => void }} Handlers
 * @param {{ letter: import('../calls.js').DeadLetter, mayChange: boolean } & Handlers} props
 */
function Letter({ letter: { id, reason, since, body }, mayChange, onReplay, onPurge }) {
  const one = { which: { ids: [id] }, count: 1 }
  const replay = () => onReplay({ verb: 'replay', ...one })
  const purge = () => onPurge({ verb: 'purge', ...one })
  return html`
    <li>
      <div class="grow">
        <strong><bdi>${reason}</bdi></strong> <span class="soft small">${since && html`<${Ago} at=${since} />`}</span>
        <pre class="soft">${body}</pre>
      </div>
      ${
        // Without an id it cannot be distinguished from others.
        mayChange &&
        id !== '' &&
        html`
        <button aria-label=${`Replay message ${id}`} onClick=${replay}>Replay</button>
        <button class="danger" aria-label=${`Purge message ${id}`} onClick=${purge}>Purge …</button>`
      }
    </li>`
}
