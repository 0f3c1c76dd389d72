import { call } from '../api.js'
import { duration, number, until } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { attempt } from '../parts/notices.js'
import { Ago, Empty, Waiting } from '../parts/shown.js'
import { link } from '../route.js'
import { useMayChange } from '../session.js'
import { Audit } from './audit.js'
import { Settings } from './settings.js'

/**
 * Webhooks that were sent, and changes that operators made.
 * @param {{ query: Record<string, string> }} props
 */
export function Deliveries({ query }) {
  const failed = link('deliveries', { failed: true })
  return html`
    <div class="screen">
      <div class="title">
        <h1>Deliveries and audit</h1>
        <nav class="row" aria-label="Deliveries">
          <a class="button" href=${link('deliveries')} aria-current=${query.failed ? null : 'true'}>All</a>
          <a class="button" href=${failed} aria-current=${query.failed ? 'true' : null}>Failed</a>
        </nav>
      </div>
      <${Sent} query=${query} />
      <${Audit} query=${query} />
      <${Settings} />
    </div>`
}

/** @param {{ query: Record<string, string> }} props */
function Sent({ query }) {
  const { failed, product_id, cursor } = query
  const { data, error, refresh } = useLive('deliveries', { failed, product_id, cursor, limit: 20 })
  const { data: intake } = useLive('intake', {}, 10_000)
  const { cursor: _, ...first } = query
  const older = data?.next && link('deliveries', { ...query, cursor: data.next })
  const none = failed ? 'None failed in the last 7 days.' : 'None was sent in the last 7 days.'
  return html`
    <section class="panel">
      <header>
        <h2>Webhooks</h2>
        <span class="soft small grow">${data && waitingText(data.outstanding, intake?.paused ?? false)}</span>
        ${cursor && html`<a class="more" href=${link('deliveries', first)}>Newest</a>`}
        ${older && html`<a class="more" href=${older}>Older</a>`}
      </header>
      ${!data && html`<${Waiting} error=${error} what="deliveries" />`}
      ${data?.deliveries.length === 0 && html`<${Empty}>${cursor ? 'There are none older.' : none}<//>`}
      ${
        data &&
        data.deliveries.length > 0 &&
        html`
        <table>
          <thead>
            <tr>
              <th>Response</th><th>Product</th><th class="wide">Reason</th><th class="right wide">Attempt</th>
              <th class="right wide">Took</th><th class="right">When</th><th><span class="unseen">Acts</span></th>
            </tr>
          </thead>
          <tbody>
            ${data.deliveries.map((row) => html`<${Row} key=${row.id} delivery=${row} onChange=${refresh} />`)}
          </tbody>
        </table>`
      }
    </section>`
}

/**
 * @param {import('../calls.js').Reply<'GET', 'deliveries'>['outstanding']} outstanding
 * @param {boolean} isPaused whether all work is
 */
function waitingText({ waiting, next_attempt_at: next, given_up: lost }, isPaused) {
  const then = isPaused ? 'all work is paused' : next !== null && `the next attempt is ${until(next)}`
  const waits = waiting > 0 && then && `${number(waiting)} not delivered yet, ${then}`
  const texts = [waits, lost > 0 && `${number(lost)} given up`].filter(Boolean)
  return texts.length > 0 ? texts.join('; ') : 'None waits for another attempt'
}

/** @param {{ delivery: import('../calls.js').Delivery, onChange: () => void }} props */
function Row({ delivery, onChange }) {
  const { id, product_id: product, at, attempt: nth, status, ms, error, is_delivered: isDelivered } = delivery
  const mayChange = useMayChange()
  const label = `Send again the webhook of product ${product}`
  const since = error && isDelivered ? ' Delivered since.' : ''
  const send = () =>
    attempt(
      () => call('POST', `deliveries/${id}/send`, { body: {} }).then(onChange),
      `The webhook of product ${product} is sent again.`
    )
  return html`
    <tr>
      <td><span class=${`status ${error === null ? 'ok' : 'bad'}`}>${status ?? 'none'}</span></td>
      <td>
        <a class="link" href=${link('images', { product_id: product })}>${product}</a>
        ${error && (since || status === null) && html`<p class="soft small narrow">${since || error}</p>`}
      </td>
      <td class="wide soft"><bdi>${error ?? '–'}</bdi>${since && html`. <b>${since}</b>`}</td>
      <td class="right wide">${nth}</td>
      <td class="right wide">${duration(ms)}</td>
      <td class="right soft"><${Ago} at=${at} /></td>
      <td class="right">
        ${mayChange && html`<button aria-label=${label} onClick=${send}>Send again</button>`}
      </td>
    </tr>`
}
