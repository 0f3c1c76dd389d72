import { html } from '../html.js'
import { session } from '../session.js'
import { useStore } from '../store.js'

/** Says why buttons are missing. */
export function ReadOnly() {
  const current = useStore(session)
  if (current === null || current.may_change) return null
  return html`
    <p class="soft small">This key only reads: nothing here can be changed. Sign in with an admin key to act.</p>`
}
