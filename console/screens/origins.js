import { useState } from 'preact/hooks'
import { compact, duration, percent, rate } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Actor, Ago, Empty, Status, Waiting } from '../parts/shown.js'
import { link } from '../route.js'
import { useMayChange } from '../session.js'
import { Rule } from './rule.js'

/**
 * The hosts that images come from. `host` in the address selects those that contain it.
 * @param {{ query: Record<string, string> }} props
 */
export function Origins({ query: { host = '' } }) {
  const { data, error, refresh } = useLive('origins')
  const [ruling, setRuling] = useState(/** @type {import('../calls.js').Origin | null} */ (null))
  const origins = (data?.origins ?? []).filter((origin) => origin.host.includes(host))
  /** @param {Event & { currentTarget: HTMLInputElement }} event */
  const search = ({ currentTarget }) => {
    location.hash = link('origins', { host: currentTarget.value.trim() })
  }
  const none = host ? 'No origin matches.' : 'Nothing was downloaded in the last minutes.'
  return html`
    <div class="screen">
      <div class="title">
        <h1>Origins</h1>
        <span class="soft small grow">Means of the last 10 minutes</span>
        <input type="search" aria-label="Host contains" placeholder="Host contains …" value=${host}
          onChange=${search} spellcheck=${false} />
      </div>
      <section class="panel" aria-label="Origins">
        ${!data && html`<${Waiting} error=${error} what="origins" />`}
        ${data && origins.length === 0 && html`<${Empty}>${none}<//>`}
        ${
          origins.length > 0 &&
          html`
          <table>
            <thead>
              <tr>
                <th>Origin</th>
                <th class="right wide">Requests a minute</th>
                <th class="right" title=${MEANS.failing}>Failing</th>
                <th class="right wide">Latency</th>
                <th class="right wide" title=${MEANS.downloads}>Downloads now</th>
                <th class="wide" title=${MEANS.breaker}>Circuit breaker</th>
                <th class="wide">Rule</th>
                <th><span class="unseen">Acts</span></th>
              </tr>
            </thead>
            <tbody>
              ${origins.map((origin) => html`<${Row} key=${origin.host} origin=${origin} onRule=${setRuling} />`)}
            </tbody>
          </table>`
        }
      </section>
      ${
        ruling &&
        html`<${Rule} origin=${ruling} onClose=${() => {
          setRuling(null)
          refresh()
        }} />`
      }
    </div>`
}

/** What the columns mean. */
const MEANS = {
  failing: 'Requests that the origin refused, broke off or left without a response',
  downloads: 'Downloads from it now, in all processes',
  breaker: 'Open: after five failures in a row, its images wait, and one at a time is tried'
}

/**
 * @typedef {import('../calls.js').Origin} Origin
 * @param {{ origin: Origin, onRule: (origin: Origin) => void }} props
 */
function Row({ origin, onRule }) {
  const {
    host,
    requests_per_minute: requests,
    failures_per_minute: failures,
    latency_ms: latency,
    breaker,
    places,
    rule
  } = origin
  const mayChange = useMayChange()
  const share = requests > 0 ? failures / requests : 0
  const tone = share >= 0.5 ? 'bad' : share >= 0.1 ? 'warn' : ''
  const state = breaker.open > 0 ? 'open' : breaker.half_open > 0 ? 'half_open' : 'closed'
  const label = `Rule for ${host}`
  return html`
    <tr>
      <td>
        <a class="link" href=${link('images', { host })}><bdi>${host}</bdi></a>
        ${rule && html`<${RuleText} rule=${rule} />`}
      </td>
      <td class="right wide">${rate(requests)}</td>
      <td class="right"><span class=${`tag ${tone}`}>${percent(share)}</span></td>
      <td class="right wide">${latency === null ? '–' : duration(latency)}</td>
      <td class="right wide">${compact(places)}</td>
      <td class="wide"><${Status} name=${state} /></td>
      <td class="wide"><span class=${rule ? 'tag warn' : 'soft'}>${rule?.rule ?? '–'}</span></td>
      <td class="right">
        ${mayChange && html`<button aria-label=${label} onClick=${() => onRule(origin)}>Rule …</button>`}
      </td>
    </tr>`
}

/** @param {{ rule: NonNullable<import('../calls.js').Origin['rule']> }} props */
function RuleText({ rule }) {
  const { since, by, reason } = rule
  return html`
    <p class="soft small">
      <b>${ruleText(rule)}</b> <${Ago} at=${since} /> by <${Actor} name=${by} />${reason && `: ${reason}`}
    </p>`
}

/** @param {NonNullable<import('../calls.js').Origin['rule']>} rule */
function ruleText({ rule, places }) {
  if (rule === 'pause') return 'Paused'
  return rule === 'refuse' ? 'Refused' : `At most ${places} at once`
}
