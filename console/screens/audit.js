import { words } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Actor, Ago, Empty, Waiting } from '../parts/shown.js'
import { link } from '../route.js'

/** @type {Record<string, string>} what an act of the audit is called */
const ACTS = {
  'action.start': 'Act on images',
  'action.cancel': 'Cancel an action',
  'dead_letters.purge': 'Purge dead letters',
  'dead_letters.replay': 'Replay dead letters',
  'delivery.send': 'Send a webhook again',
  'image.replace': 'Replace a source',
  'intake.pause': 'Pause all work',
  'intake.resume': 'Resume all work',
  'origin.narrow': 'Narrow an origin',
  'origin.pause': 'Pause an origin',
  'origin.refuse': 'Refuse an origin',
  'origin.resume': 'Remove the rule of an origin',
  'orphans.remove': 'Remove objects without an image',
  'process.pause': 'Drain a process',
  'process.resume': 'Use a process again'
}

/** Which operator changed what. @param {{ query: Record<string, string> }} props */
export function Audit({ query }) {
  const { actor, act, audit_cursor } = query
  const { data, error } = useLive('audit', { actor, act, cursor: audit_cursor, limit: 20 }, 10_000)
  const filtered = actor ?? act
  const older = data?.next && link('deliveries', { ...query, audit_cursor: data.next })
  return html`
    <section class="panel">
      <header>
        <h2>Audit ${filtered && html`<span class="tag">${ACTS[filtered] ?? filtered}</span>`}</h2>
        <div class="row">
          ${filtered && html`<a class="more" href=${link('deliveries')}>Everything</a>`}
          ${older && html`<a class="more" href=${older}>Older</a>`}
        </div>
      </header>
      ${!data && html`<${Waiting} error=${error} what="the audit" />`}
      ${data?.entries.length === 0 && html`<${Empty}>Nobody has changed anything.<//>`}
      ${
        data &&
        data.entries.length > 0 &&
        html`
        <table>
          <thead><tr><th>What</th><th>Who</th><th class="wide">Subject</th><th class="right">When</th></tr></thead>
          <tbody>
            ${data.entries.map(
              ({ id, at, actor, act: what, subject }) => html`
                <tr key=${id}>
                  <td><a class="link" href=${link('deliveries', { act: what })}>${ACTS[what] ?? words(what)}</a></td>
                  <td><a href=${link('deliveries', { actor })}><${Actor} name=${actor} /></a></td>
                  <td class="wide"><${Subject} subject=${subject} /></td>
                  <td class="right soft"><${Ago} at=${at} /></td>
                </tr>`
            )}
          </tbody>
        </table>`
      }
    </section>`
}

/** @param {{ subject: unknown }} props */
function Subject({ subject }) {
  return html`
    <span class="row small">
      ${factsOf(subject).map(([name, value]) => {
        const label = name === 'subject' ? '' : words(name)
        return html`<span><span class="soft">${label}</span> <bdi>${value}</bdi></span>`
      })}
    </span>`
}

/**
 * Returns the names and values that are not empty, those of a filter too.
 * @param {unknown} subject
 * @returns {[string, string][]}
 */
function factsOf(subject) {
  return Object.entries(subject ?? {}).flatMap(([name, value]) => {
    if (value === null || value === '') return []
    if (Array.isArray(value)) return [[name, value.join(', ')]]
    if (typeof value === 'object') return factsOf(value)
    return [[name, value === true ? '' : String(value)]]
  })
}
