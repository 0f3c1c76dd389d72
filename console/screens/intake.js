import { useState } from 'preact/hooks'
import { call } from '../api.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Dialog } from '../parts/dialog.js'
import { attempt } from '../parts/notices.js'
import { Actor, Ago } from '../parts/shown.js'
import { useMayChange } from '../session.js'

/** Whether work is running, and the switch for it. */
export function Intake() {
  const { data: intake, refresh } = useLive('intake')
  const [asking, setAsking] = useState(false)
  const mayChange = useMayChange()
  if (!intake) return null
  /** @param {boolean} paused @param {string | null} [reason] */
  const put = (paused, reason) =>
    call('PUT', 'intake', { body: { paused, ...(reason && { reason }) } }).then(refresh)
  const resume = () =>
    attempt(
      () => put(false),
      'Work is resumed.',
      () => attempt(() => put(true, intake.reason), 'Work is paused.')
    )
  /** @param {string} reason */
  const pause = (reason) => {
    setAsking(false)
    return attempt(
      () => put(true, reason),
      'Work is paused.',
      () => attempt(() => put(false), 'Work is resumed.')
    )
  }
  const reason = intake.reason ? `: ${intake.reason}` : ''
  return html`
    <section class=${`panel well ${intake.paused ? 'bad' : 'ok'}`} aria-label="Intake">
      <div class="grow">
        <strong class="status">${intake.paused ? 'All work is paused' : 'Work is running'}</strong>
        <p class="soft">
          ${
            intake.paused
              ? html`<${Ago} at=${intake.since} /> by <${Actor} name=${intake.by} />${reason}.
                Products are still accepted; their images, webhooks and removals of files wait.`
              : 'Workers take what is due. A pause lets them finish their jobs, and outlasts restarts.'
          }
        </p>
      </div>
      ${
        mayChange &&
        (intake.paused
          ? html`<button class="primary" onClick=${resume}>Resume</button>`
          : html`<button onClick=${() => setAsking(true)}>Pause all work …</button>`)
      }
      ${asking && html`<${Pause} onPause=${pause} onClose=${() => setAsking(false)} />`}
    </section>`
}

/** @param {{ onPause: (reason: string) => void, onClose: () => void }} props */
function Pause({ onPause, onClose }) {
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const submit = (event) => {
    event.preventDefault()
    onPause(String(new FormData(event.currentTarget).get('reason') ?? ''))
  }
  return html`
    <${Dialog} title="Pause all work?" onClose=${onClose}>
      <form onSubmit=${submit}>
        <p>
          Products are still accepted. No process starts an image, sends a webhook, removes files or goes on with
          an action until someone resumes work.
        </p>
        <label>Reason, for those who find it paused <p><input name="reason" maxlength="200" autofocus /></p></label>
        <footer><button type="button" onClick=${onClose}>Cancel</button><button class="primary">Pause</button></footer>
      </form>
    <//>`
}
