import { CODES } from '../codes.js'
import { compact, counted, duration, number, rate, words } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { needsOf } from '../needs.js'
import { Status, Waiting } from '../parts/shown.js'
import { link } from '../route.js'
import { useMayChange } from '../session.js'
import { Charts } from './history.js'

/** Whether all is well, and what needs attention. @param {{ query: Record<string, string> }} props */
export function Now({ query }) {
  const { data: overview, error } = useLive('overview')
  const { data: intake } = useLive('intake')
  const { data: processes } = useLive('processes', {}, 10_000)
  const { data: origins } = useLive('origins', {}, 10_000)
  const { data: deliveries } = useLive('deliveries', {}, 10_000)
  const mayChange = useMayChange()
  if (!overview)
    return html`<div class="screen"><h1>Now</h1><${Waiting} error=${error} what="the overview" /></div>`
  const needs = needsOf({ mayChange, overview, intake, processes, origins, deliveries })
  return html`
    <div class="screen">
      <div class="title">
        <h1>${needs.length === 0 ? 'All is well' : `${counted(needs.length, 'thing needs', 'things need')} you`}</h1>
      </div>
      ${error && html`<p class="problem panel" role="alert">${error} What you see is older.</p>`}
      <${Needs} needs=${needs} />
      <${Tiles} overview=${overview} />
      <${Charts} hours=${Number(query.hours) || 1} />
      <div class="two">
        <${Failures} images=${overview.images} />
        <${Parts} overview=${overview} processes=${processes?.processes ?? []} />
      </div>
    </div>`
}

/** @param {{ needs: import('../needs.js').Need[] }} props */
function Needs({ needs }) {
  if (needs.length === 0)
    return html`<p class="panel well"><span class="status ok">Nothing needs you.</span></p>`
  return html`
    <ul class="panel needs" aria-label="What needs you">
      ${needs.map(
        ({ tone, text, advice, href, go }) => html`
          <li key=${text} class=${tone}>
            <span class="mark"></span>
            <div class="grow"><strong>${text}</strong><p class="soft">${advice}</p></div>
            <a class="more" href=${href}>${go}</a>
          </li>`
      )}
    </ul>`
}

/** @param {{ overview: import('../calls.js').Overview }} props */
function Tiles({ overview: { images, rates, last_hour: hour, time_to_done: time, oldest_due_s: oldest } }) {
  const tiles = [
    [
      'Done a minute',
      rate(rates.done_per_s * 60),
      `${rate(rates.created_per_s * 60)} created; means of 5 minutes`
    ],
    [
      'Time to done',
      time.p50_ms === null ? '–' : duration(time.p50_ms),
      time.p95_ms === null
        ? 'none in the last hour'
        : `median of the last hour, 95 % in ${duration(time.p95_ms)}`
    ],
    [
      'Pending',
      compact(images.pending),
      oldest === null ? 'nothing is due' : `due for up to ${duration(oldest * 1000)}`
    ],
    ['Failed in the last hour', compact(hour.failed), `${compact(images.failed)} failed images now`],
    ['Done in the last hour', compact(hour.done), `${compact(images.done)} images in all`]
  ]
  return html`
    <dl class="panel tiles">
      ${tiles.map(
        ([name, value, more]) =>
          html`<div class="tile"><dt>${name}</dt><dd>${value}</dd><dd class="small">${more}</dd></div>`
      )}
    </dl>`
}

/** @param {{ images: import('../calls.js').Overview['images'] }} props */
function Failures({ images: { failed_by_code: failed, retrying_by_code: retrying } }) {
  const codes = [...new Set([...Object.keys(failed), ...Object.keys(retrying)])]
  const rows = codes.map((code) => ({ code, failed: failed[code] ?? 0, retrying: retrying[code] ?? 0 }))
  rows.sort((a, b) => b.failed + b.retrying - a.failed - a.retrying)
  const max = Math.max(1, ...rows.map((row) => row.failed + row.retrying))
  return html`
    <section class="panel">
      <header>
        <h2>Failures</h2>
        <a class="more" href=${link('images', { status: 'failed' })}>All that failed</a>
      </header>
      <div class="body">
        ${rows.length === 0 && html`<p class="soft">No image has failed.</p>`}
        ${rows.map(
          (row) => html`
            <div class="share bad" key=${row.code}>
              <div class="clip">
                <a href=${link('images', { status: row.failed > 0 ? 'failed' : 'pending', code: row.code })}>
                  ${CODES[row.code]?.means ?? row.code}
                </a>
                <p class="soft small clip">
                  ${words(row.code)}${row.retrying > 0 && ` · ${number(row.retrying)} of them will be retried`}
                </p>
              </div>
              <div class="bar">
                <span style=${{ width: `${(100 * row.failed) / max}%` }}></span>
                <span class="warn" style=${{ width: `${(100 * row.retrying) / max}%` }}></span>
              </div>
              <span class="right">${compact(row.failed + row.retrying)}</span>
            </div>`
        )}
      </div>
    </section>`
}

/** @param {{ overview: import('../calls.js').Overview, processes: import('../calls.js').Process[] }} props */
function Parts({ overview: { dependencies, outbox, queue }, processes }) {
  const due = outbox.reduce((sum, row) => sum + row.due, 0)
  const states = Map.groupBy(processes, ({ state }) => state)
  return html`
    <section class="panel">
      <header><h2>Parts</h2><a class="more" href="#/work">Work</a></header>
      <dl class="body facts">
        ${Object.entries(dependencies).map(
          ([name, state]) => html`<dt>${words(name)}</dt><dd><${Status} name=${state} /></dd>`
        )}
        <dt>processes</dt>
        <dd class="row">${[...states].map(([state, all]) => html`<${Status} name=${state} /> ${all.length}`)}</dd>
        <dt>outbox</dt><dd>${number(due)} due</dd>
        <dt>queue</dt>
        <dd>${queue ? depthText(queue) : 'none: workers read the outbox'}</dd>
      </dl>
    </section>`
}

/** @param {NonNullable<import('../calls.js').Overview['queue']>} queue */
const depthText = ({ messages, dead_letters }) =>
  `${counted(messages, 'message')}, ${counted(dead_letters, 'dead letter')}`
