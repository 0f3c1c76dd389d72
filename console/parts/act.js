import { useEffect, useState } from 'preact/hooks'
import { ACTS } from '../acts.js'
import { call } from '../api.js'
import { counted, words } from '../format.js'
import { html } from '../html.js'
import { Dialog } from './dialog.js'
import { notify } from './notices.js'
import { started } from './progress.js'

/** @typedef {{ count: import('../calls.js').ActionCount | null, error: string | null }} Match */

/** @type {Match} */
const NONE = { count: null, error: null }

/**
 * Asks what to do with all images that match, and shows how many these are before it begins.
 * @param {{ filter: Record<string, string>, act?: string, onClose: () => void }} props
 */
export function Act({ filter, act, onClose }) {
  const offered = Object.keys(ACTS).filter((name) => !filter.status || ACTS[name]?.of === filter.status)
  const [action, setAction] = useState(act ?? offered[0] ?? 'retry')
  const [match, setMatch] = useState(/** @type {Match} */ (NONE))
  const meant = { ...filter, status: ACTS[action]?.of ?? '' }
  const body = { action, filter: typed(meant) }
  useEffect(() => {
    let stale = false
    setMatch(NONE)
    call('POST', 'actions', { body: { ...body, dry_run: true } }).then(
      (count) => stale || setMatch({ ...NONE, ...('is_exact' in count && { count }) }),
      (error) => stale || setMatch({ ...NONE, error: error.message })
    )
    return () => {
      stale = true
    }
  }, [action])
  const begin = async () => {
    onClose()
    try {
      const begun = await call('POST', 'actions', { body: { ...body, dry_run: false } })
      if ('id' in begun) started(begun.id)
    } catch (error) {
      notify({ text: error instanceof Error ? error.message : String(error), tone: 'bad' })
    }
  }
  const { count, error } = match
  const number = count?.is_exact && howMany(count)
  const mayBegin = count && (count.images > 0 || !count.is_exact)
  return html`
    <${Dialog} title=${act ? `${ACTS[act]?.name}?` : 'Act on all images that match'} onClose=${onClose}>
      <div class="stack">
        ${!filter.id && html`<${Conditions} filter=${filter} meant=${meant} />`}
        ${act && html`<p>${ACTS[act]?.does}</p>`}
        ${
          !act &&
          html`
        <fieldset>
          <legend class="unseen">What to do</legend>
          ${offered.map(
            (name) => html`
              <label class="choice">
                <input type="radio" name="action" value=${name} checked=${name === action}
                  onChange=${() => setAction(name)} />
                <span><b>${ACTS[name]?.name}</b><span class="soft small"> ${ACTS[name]?.does}</span></span>
              </label>`
          )}
        </fieldset>`
        }
        <p role="status">
          ${error && html`<span class="problem">${error}</span>`}
          ${!error && (count ? html`<strong>${howMany(count)}</strong> will change.` : 'Counting …')}
        </p>
        <footer>
          <button onClick=${onClose}>Cancel</button>
          <button class="primary" disabled=${!mayBegin} onClick=${begin}>
            ${number ? `${ACTS[action]?.name}: ${number}` : ACTS[action]?.name}
          </button>
        </footer>
      </div>
    <//>`
}

/** @param {import('../calls.js').ActionCount} count */
function howMany({ images, is_exact }) {
  const number = counted(images, 'image')
  if (is_exact) return number
  return images > 0 ? `At least ${number}` : 'An unknown number of images'
}

/** @param {{ filter: Record<string, string>, meant: Record<string, string> }} props */
function Conditions({ filter, meant }) {
  return html`
    <p class="row">
      ${Object.entries(meant).map(
        ([name, value]) => html`<span class="tag">${words(name)}: <bdi>${value}</bdi></span>`
      )}
      ${Object.keys(filter).length === 0 && html`<span class="tag warn">of all products</span>`}
    </p>`
}

const NUMBERS = ['user_id', 'product_id', 'min_age_s', 'max_age_s']

/** The address has text where the API has numbers. @param {Record<string, string>} filter */
const typed = (filter) =>
  Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, NUMBERS.includes(name) ? Number(value) : value])
  )
