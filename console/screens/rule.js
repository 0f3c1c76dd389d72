import { useState } from 'preact/hooks'
import { call } from '../api.js'
import { html } from '../html.js'
import { Dialog } from '../parts/dialog.js'
import { attempt } from '../parts/notices.js'

const RULES = [
  { name: 'resume', label: 'No rule', does: 'Its images are downloaded like any other.' },
  { name: 'narrow', label: 'Narrow', does: 'Few downloads at once in each process.' },
  {
    name: 'pause',
    label: 'Pause',
    does: 'Its images wait until the rule is removed. That costs no attempt.'
  },
  { name: 'refuse', label: 'Refuse', does: 'Its images fail at once, with the reason.' }
]

/**
 * Asks what to do with an origin.
 * @param {{ origin: import('../calls.js').Origin, onClose: () => void }} props
 */
export function Rule({ origin: { host, rule }, onClose }) {
  const [chosen, setChosen] = useState(/** @type {string} */ (rule?.rule ?? 'resume'))
  /** @param {object} body */
  const put = (body) => call('PUT', `origins/${encodeURIComponent(host)}`, { body })
  const before = rule
    ? {
        rule: rule.rule,
        ...(rule.places && { places: rule.places }),
        ...(rule.reason && { reason: rule.reason })
      }
    : { rule: 'resume' }
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const submit = async (event) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const reason = String(form.get('reason') ?? '').trim()
    const body = {
      rule: chosen,
      ...(chosen === 'narrow' && { places: Number(form.get('places')) }),
      ...(reason && chosen !== 'resume' && { reason })
    }
    await attempt(
      () => put(body),
      `The rule for ${host} is set.`,
      () => attempt(() => put(before), 'Undone.')
    )
    onClose()
  }
  return html`
    <${Dialog} title=${`Rule for ${host}`} onClose=${onClose}>
      <form onSubmit=${submit}>
        <fieldset>
          <legend class="unseen">Rule</legend>
          ${RULES.map(
            ({ name, label, does }) => html`
              <label class="choice">
                <input type="radio" name="rule" value=${name} checked=${name === chosen}
                  onChange=${() => setChosen(name)} />
                <span><b>${label}</b><span class="soft small"> ${does}</span></span>
              </label>`
          )}
        </fieldset>
        ${
          chosen === 'narrow' &&
          html`
          <label>Downloads at once in each process <p>
            <input name="places" type="number" min="1" max="1000" required value=${rule?.places ?? 2} />
          </p></label>`
        }
        ${
          chosen !== 'resume' &&
          html`<label>Reason <p><input name="reason" maxlength="200" value=${rule?.reason ?? ''} /></p></label>`
        }
        <footer>
          <button type="button" onClick=${onClose}>Cancel</button>
          <button class="primary" disabled=${chosen === 'resume' && !rule}>Set the rule</button>
        </footer>
      </form>
    <//>`
}
