import { useEffect, useRef } from 'preact/hooks'
import { html } from '../html.js'

/**
 * A question above the page. Escape closes it.
 * @param {{ title: string, onClose: () => void, children?: import('preact').ComponentChildren }} props
 */
export function Dialog({ title, onClose, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useEffect(() => element.current?.showModal(), [])
  return html`
    <dialog ref=${element} onClose=${onClose} aria-labelledby="dialog-title">
      <h2 id="dialog-title">${title}</h2>
      ${children}
    </dialog>`
}

/**
 * Asks before something that cannot be undone.
 * @param {{ title: string, text: string, act: string, onAct: () => void, onClose: () => void }} props
 */
export function Confirm({ title, text, act, onAct, onClose }) {
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <div class="stack">
        <p>${text}</p>
        <footer>
          <button onClick=${onClose}>Cancel</button>
          <button class="primary" autofocus onClick=${() => {
            onClose()
            onAct()
          }}>${act}</button>
        </footer>
      </div>
    <//>`
}
