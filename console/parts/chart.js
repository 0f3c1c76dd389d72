import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { html } from '../html.js'

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {'ok' | 'bad' | 'info' | 'warn'} tone
 * @property {(number | null)[]} values
 */

const HEIGHT = 170
const dark = matchMedia('(prefers-color-scheme: dark)')

/**
 * Lines over time. The values under the pointer, or the latest ones, stand above them as text.
 * @param {{ title: string, times: number[], lines: Line[], format: (value: number) => string }} props
 */
export function Chart({ title, times, lines, format }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null))
  const plot = useRef(/** @type {uPlot | null} */ (null))
  const [at, setAt] = useState(/** @type {number | null} */ (null))
  const data = /** @type {uPlot.AlignedData} */ ([times, ...lines.map(({ values }) => values)])
  const latest = useRef(data)
  latest.current = data
  useEffect(() => {
    const { current: element } = box
    if (!element) return
    const draw = () => {
      plot.current?.destroy()
      const options = optionsOf(lines, format, element.clientWidth, setAt)
      plot.current = new uPlot(options, latest.current, element)
    }
    draw()
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT })
    )
    observer.observe(element)
    dark.addEventListener('change', draw)
    return () => {
      observer.disconnect()
      dark.removeEventListener('change', draw)
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(data), [times, lines])
  const shown = at ?? times.length - 1
  const time = times[shown]
  const when = time === undefined ? '' : clock.format(time * 1000)
  return html`
    <figure class="panel">
      <header>
        <h2>${title}</h2>
        <figcaption class="row small">
          ${lines.map(({ label, tone, values }) => {
            const value = values[shown]
            return html`<span class=${`status ${tone}`}>
              ${label} <b>${value === null || value === undefined ? '–' : format(value)}</b>
            </span>`
          })}
          <span class="soft">${when}</span>
        </figcaption>
      </header>
      <div class="chart" aria-hidden="true"><div ref=${box}></div></div>
    </figure>`
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

/**
 * Returns the points without a neighbour, which no line shows, if there are too many points to show all.
 * @param {uPlot} plot
 * @param {number} series
 * @param {boolean} areShown
 */
function alone(plot, series, areShown) {
  if (areShown) return null
  const values = plot.data[series] ?? []
  return [...values.keys()].filter((i) => values[i] != null && values[i - 1] == null && values[i + 1] == null)
}

/**
 * @param {Line[]} lines
 * @param {(value: number) => string} format
 * @param {number} width
 * @param {(index: number | null) => void} onPoint
 * @returns {uPlot.Options}
 */
function optionsOf(lines, format, width, onPoint) {
  const style = getComputedStyle(document.documentElement)
  const probe = document.body.appendChild(document.createElement('span'))
  /** @param {string} name light-dark() is resolved by an element only */
  const color = (name) => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const font = `11px ${style.fontFamily}`
  const axis = {
    stroke: color('soft'),
    font,
    ticks: { show: false },
    grid: { stroke: color('line'), width: 1 }
  }
  /** @type {uPlot.Options} */
  const options = {
    width,
    height: HEIGHT,
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'time' }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, _low, high) => [0, (high || 1) * 1.1] } },
    series: [
      {},
      ...lines.map(({ label, tone }) => ({
        label,
        stroke: color(tone),
        fill: color(`${tone}-tint`),
        width: 1.5,
        points: { size: 4, filter: alone }
      }))
    ],
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        values: (_plot, at) => at.map((s) => clock.format(s * 1000))
      },
      { ...axis, size: 54, space: 34, values: (_plot, at) => at.map(format) }
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] }
  }
  probe.remove()
  return options
}
