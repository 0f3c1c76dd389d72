import { useMemo } from 'preact/hooks'
import { duration, rate } from '../format.js'
import { html } from '../html.js'
import { useLive } from '../live.js'
import { Chart } from '../parts/chart.js'
import { Waiting } from '../parts/shown.js'
import { link } from '../route.js'

const MINUTE_MS = 60_000
const SPANS = [1, 6, 24]
/** As many points as can be distinguished. */
const POINTS = 240

/** What happened in the last hours, by minute. @param {{ hours: number }} props */
export function Charts({ hours }) {
  const { data, error } = useLive('history', {}, 30_000)
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
      ${
        data
          ? html`
          <div class="two">
            <${Chart} title="Images a minute" times=${times} lines=${flow} format=${rate} />
            <${Chart} title="Time to done" times=${times} lines=${time} format=${duration} />
          </div>`
          : html`<div class="panel"><${Waiting} error=${error} what="the history" /></div>`
      }
      <nav class="row small" aria-label="Span of the history">
        <span class="soft">Last</span>
        ${SPANS.map(
          (span) => html`
            <a class="more" href=${link('now', { hours: span })} aria-current=${span === hours ? 'true' : null}>
              ${span === 1 ? '1 hour' : `${span} hours`}
            </a>`
        )}
        ${stepOf(hours) > 1 && html`<span class="soft">as means of ${stepOf(hours)} minutes</span>`}
      </nav>
    </section>`
}

/** @param {number} hours */
const stepOf = (hours) => Math.ceil((hours * 60) / POINTS)

/**
 * Returns the steps of the span until the last whole minute, and for each the mean of a column. A minute
 * without a row has `none`; null is left out of the mean.
 * @param {import('../calls.js').Reply<'GET', 'history'>['minutes']} minutes
 * @param {number} hours
 */
function series(minutes, hours) {
  const rows = new Map(minutes.map((row) => [Date.parse(row.minute), row]))
  const step = stepOf(hours)
  const end = (Math.floor(Date.now() / MINUTE_MS) - 1) * MINUTE_MS
  const points = (hours * 60) / step
  const all = Array.from({ length: points }, (_, i) => end - (points - 1 - i) * step * MINUTE_MS)
  /** @param {number} ms the last minute of a step */
  const minutesOf = (ms) => Array.from({ length: step }, (_, i) => rows.get(ms - i * MINUTE_MS))
  return {
    times: all.map((ms) => ms / 1000),
    /**
     * @param {'done' | 'failed' | 'p50_ms' | 'p95_ms'} name
     * @param {number | null} none
     * @returns {(number | null)[]}
     */
    column: (name, none) => all.map((ms) => mean(minutesOf(ms).map((row) => row?.[name] ?? none)))
  }
}

/** @param {(number | null)[]} values */
function mean(values) {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
