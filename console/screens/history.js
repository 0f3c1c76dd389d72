import { useMemo } from 'preact/hooks'
import { compact, duration } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Chart } from '../parts/chart.js'
import { link } from '../route.js'

const MINUTE_MS = 60_000
const SPANS = [1, 6, 24]

/** @param {number} value @returns {string} */
const count = (value) => (Number.isInteger(value) ? compact(value) : '')

/** What happened in the last hours, by minute. @param {{ hours: number }} props */
export function Charts({ hours }) {
  const { data } = useLive('history', {}, 30_000)
  const { times, column } = useMemo(() => series(data?.minutes ?? [], hours), [data, hours])
  const flow = useMemo(
    () => [
      { label: 'done', tone: /** @type {const} */ ('ok'), values: column('done', 0) },
      { label: 'failed', tone: /** @type {const} */ ('bad'), values: column('failed', 0) }
    ],
    [column]
  )
  const time = useMemo(
    () => [
      { label: '95 %', tone: /** @type {const} */ ('warn'), values: column('p95_ms', null) },
      { label: 'median', tone: /** @type {const} */ ('info'), values: column('p50_ms', null) }
    ],
    [column]
  )
  return html`
    <section class="screen" aria-label="History">
      <div class="two">
        <${Chart} title="Images a minute" times=${times} lines=${flow} format=${count} />
        <${Chart} title="Create to done" times=${times} lines=${time} format=${duration} />
      </div>
      <nav class="row small" aria-label="Span of the history">
        <span class="soft">Last</span>
        ${SPANS.map(
          (span) => html`
            <a class="more" href=${link('now', { hours: span })} aria-current=${span === hours ? 'true' : null}>
              ${span === 1 ? '1 hour' : `${span} hours`}
            </a>`
        )}
      </nav>
    </section>`
}

/**
 * Returns every whole minute of the span, and the values of a column. A minute without a row has `none`.
 * @param {import('../calls.js').Reply<'GET', 'history'>['minutes']} minutes
 * @param {number} hours
 */
function series(minutes, hours) {
  const rows = new Map(minutes.map((row) => [Date.parse(row.minute), row]))
  const end = (Math.floor(Date.now() / MINUTE_MS) - 1) * MINUTE_MS
  const all = Array.from({ length: hours * 60 }, (_, i) => end - (hours * 60 - 1 - i) * MINUTE_MS)
  return {
    times: all.map((ms) => ms / 1000),
    /** @param {'done' | 'failed' | 'p50_ms' | 'p95_ms'} name @param {number | null} none @returns {(number | null)[]} */
    column: (name, none) => all.map((ms) => rows.get(ms)?.[name] ?? none)
  }
}
