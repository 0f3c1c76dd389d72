import { useLayoutEffect, useRef } from 'preact/hooks'
import { signIn, signOut } from '../api.js'
import { html } from '../html.js'

/**
 * Asks for a key, and says why.
 * @param {{ why: string, hasKey: boolean }} props
 */
export function Gate({ why, hasKey }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  useLayoutEffect(() => field.current?.focus(), [])
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const submit = (event) => {
    event.preventDefault()
    const value = new FormData(event.currentTarget).get('key')
    signOut()
    signIn(String(value ?? '').trim())
  }
  return html`
    <main class="gate" tabindex="-1">
      <form class="panel" onSubmit=${submit}>
        <h1>Enter an API key of this service</h1>
        ${why && html`<p role=${hasKey ? 'alert' : 'status'} class=${hasKey ? 'problem' : 'soft'}>${why}</p>`}
        <label>
          API key, for all users or <code>:read</code>
          <p><input name="key" type="password" autocomplete="off" required ref=${field} /></p>
        </label>
        <p class="soft small">The key stays in this tab and is gone when you close it.</p>
        <button class="primary">Sign in</button>
      </form>
    </main>`
}
