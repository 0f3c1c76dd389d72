import { useState } from 'preact/hooks'
import { call } from '../api.js'
import { html } from '../html.js'
import { Dialog } from '../parts/dialog.js'
import { attempt, notify } from '../parts/notices.js'
import { Ago, Status } from '../parts/shown.js'
import { useMayChange } from '../session.js'

/** @type {Record<string, string>} what a replacement means for an image of a status */
const MEANWHILE = {
  done: 'Its result is removed at once: until the new one is done, the product has one image less.',
  failed: 'Its reason and attempts are no longer shown.',
  pending: 'Work that has begun on it is discarded.'
}

/**
 * Gives an image another source, and opens the one that takes its place.
 * @param {string} id
 * @param {string} source
 */
async function replace(id, source) {
  const { id: next } = await call('POST', `images/${id}/replace`, { body: { source_url: source } })
  location.hash = `#/images/${next}`
  return next
}

/**
 * Asks for the new source, and says what will happen.
 * @param {{ image: import('../calls.js').Image, source?: string, onClose: () => void }} props
 */
export function Replace({ image, source = '', onClose }) {
  const [refusal, setRefusal] = useState(/** @type {string | null} */ (null))
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const submit = async (event) => {
    event.preventDefault()
    const wanted = String(new FormData(event.currentTarget).get('source')).trim()
    setRefusal(null)
    try {
      const next = await replace(image.id, wanted)
      const undo = () => attempt(() => replace(next, image.source_url), 'The old source is back.')
      notify({ text: 'The source is replaced.', tone: 'ok', undo })
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error))
    }
  }
  return html`
    <${Dialog} title="Replace the source" onClose=${onClose}>
      <form onSubmit=${submit}>
        <p class="soft">Today’s source <code>${image.source_url}</code></p>
        <label>New source <p><input name="source" value=${source} maxlength="2048" required autofocus
          placeholder="https://…" autocomplete="off" spellcheck=${false} /></p></label>
        <ul class="soft small">
          <li>The new one takes its place in ${image.product_name} and is downloaded at once.</li>
          <li>${MEANWHILE[image.status]}</li>
          <li>The page of the new image names today’s source, to go back.</li>
        </ul>
        ${refusal && html`<p class="problem" role="alert">${refusal}</p>`}
        <footer>
          <button type="button" onClick=${onClose}>Cancel</button>
          <button class="primary">Replace</button>
        </footer>
      </form>
    <//>`
}

/**
 * Which source this one replaced, how far it is, and the way back.
 * @param {{ image: import('../calls.js').Image }} props
 */
export function Replaced({ image }) {
  const [asking, setAsking] = useState(false)
  const mayChange = useMayChange()
  const { replaced, status } = image
  if (!replaced) return null
  return html`
    <section class="panel well" aria-label="Replaced source">
      <${Status} name=${status} />
      <div class="grow">
        Replaces <code>${replaced.source_url}</code>
        <p class="soft small"><${Ago} at=${replaced.at} /> by <bdi>${replaced.by}</bdi></p>
      </div>
      ${mayChange && html`<button onClick=${() => setAsking(true)}>Go back to it …</button>`}
      ${asking && html`<${Replace} image=${image} source=${replaced.source_url} onClose=${() => setAsking(false)} />`}
    </section>`
}
