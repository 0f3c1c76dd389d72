import { words } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Ago, Empty, Waiting } from '../parts/shown.js'
import { link } from '../route.js'

/** Which operator changed what. @param {{ query: Record<string, string> }} props */
export function Audit({ query }) {
  const { actor, act, audit_cursor } = query
  const { data, error } = useLive('audit', { actor, act, cursor: audit_cursor, limit: 20 }, 10_000)
  const filtered = actor ?? act
  return html`
    <section class="panel">
      <header>
        <h2>Audit ${filtered && html`<span class="tag">${filtered}</span>`}</h2>
        <div class="row">
          ${filtered && html`<a class="more" href=${link('deliveries')}>Everything</a>`}
          ${data?.next && html`<a class="more" href=${link('deliveries', { ...query, audit_cursor: data.next })}>Older</a>`}
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
              ({ id, at, actor: who, act: what, subject }) => html`
                <tr key=${id}>
                  <td><a class="link" href=${link('deliveries', { act: what })}>${words(what)}</a></td>
                  <td><a href=${link('deliveries', { actor: who })}><code>${who}</code></a></td>
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
  if (typeof subject !== 'object' || subject === null) return html`<code>${String(subject ?? '')}</code>`
  return html`
    <span class="row small">
      ${Object.entries(subject).map(([name, value]) => html`<span><span class="soft">${words(name)}</span> <bdi>${typeof value === 'object' ? JSON.stringify(value) : String(value)}</bdi></span>`)}
    </span>`
}
