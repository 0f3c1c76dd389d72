import * as echarts from 'echarts'
import type { Measured, Outcome } from './rounds.ts'
import { number, reachOf, sideOf, usageOf } from './table.ts'

export interface Report {
  /** What the service is compared with. */
  beside: string
  date: string
  size: string
  machine: string
  commit: string
  minutes: number
  outcomes: Outcome[]
}

const INK = '#1d2433'
const MUTED = '#8a93a5'
const REACHED = '#2a9d72'
const MISSED = '#d9603b'
const BASELINE = '#b9c3d6'
const OURS = '#3a6df0'
/** By the first word of a process's name. Those that are not here belong to the baseline. */
const COLORS: Record<string, string> = {
  worker: OURS,
  api: '#8fb2ff',
  PostgreSQL: '#2a9d72',
  RabbitMQ: '#f0a23a',
  Redis: '#d9603b',
  S3: '#9b5de5',
  origin: '#14b8c4',
  load: '#e0559a',
  bench: '#5b6478'
}
const FONT = { fontFamily: 'system-ui, sans-serif', color: INK }

/** One page without anything from elsewhere. */
export function page(report: Report): string {
  const figures = report.outcomes.flatMap((outcome) => outcome.figures.map((figure) => ({ outcome, figure })))
  const aims = figures.filter(({ figure }) => figure.reach)
  const reached = aims.filter(({ figure }) => figure.reached).length
  const { date, machine, size, commit } = report
  const run = [date, machine, size, `${report.minutes.toFixed(1)} minutes`, commit].join(' · ')
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>AsyncProd beside ${text(report.beside)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: ${INK}; background: #f4f6fa }
body { margin: 0 auto; padding: 40px 24px; max-width: 1080px }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px }
h2 { font-size: 18px; margin: 0 }
p { margin: 4px 0; color: #5b6478 }
section { background: #fff; border-radius: 14px; padding: 20px 24px; margin: 18px 0; box-shadow: 0 1px 3px #1d243314 }
.figures { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 8px 0; align-items: baseline }
.ratio { font-size: 26px; font-weight: 650 } .yes { color: ${REACHED} } .no { color: ${MISSED} }
details { color: #5b6478; font-size: 13px }
summary { cursor: pointer }
svg { max-width: 100%; height: auto; display: block }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px }
@media (max-width: 760px) { .pair { grid-template-columns: 1fr } }
</style>
<h1>AsyncProd beside ${text(report.beside)}</h1>
<p>${text(run)}</p>
<p>${reached} of ${aims.length} figures are where they should be.
Every ratio is of rounds measured in turn on the same machine.</p>
<section><h2>Ratios, and what they should be</h2>${overview(aims)}</section>
${report.outcomes.map(section).join('\n')}
</html>
`
}

/** How much of its aim each figure reaches: right of the line is better than asked. */
function overview(figures: { outcome: Outcome; figure: Measured }[]): string {
  const rows = figures.toReversed()
  return svg(1000, 60 + rows.length * 30, {
    grid: { left: 330, right: 70, top: 10, bottom: 40 },
    xAxis: {
      type: 'log',
      min: 0.3,
      max: 5,
      name: 'of what was to be reached',
      nameLocation: 'middle',
      nameGap: 26,
      axisLabel: { formatter: (value: number) => `${Math.round(value * 100)}%` },
      splitLine: { lineStyle: { color: '#e8ecf3' } }
    },
    yAxis: {
      type: 'category',
      data: rows.map(({ outcome, figure }) => `${outcome.name}, ${figure.unit}`),
      axisLine: { show: false },
      axisTick: { show: false }
    },
    series: [
      {
        type: 'scatter',
        symbolSize: 14,
        data: rows.map(({ figure }, index) => ({
          value: [Math.min(Math.max(achieved(figure), 0.3), 5), index],
          itemStyle: { color: figure.reached ? REACHED : MISSED },
          label: { show: true, position: 'right', formatter: figure.ratio.toFixed(2) }
        })),
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: INK, type: 'solid' },
          data: [{ xAxis: 1 }]
        }
      }
    ]
  })
}

/** 1 is just reached; more is better, whichever way the figure counts. */
function achieved({ reach, ratio }: Measured): number {
  if (!reach) return Number.NaN
  return 'atLeast' in reach ? ratio / reach.atLeast : reach.atMost / ratio
}

function section(outcome: Outcome): string {
  return `<section><h2>${text(outcome.title)}</h2><p>against ${text(outcome.baseline)}</p>
<div class="figures">${outcome.figures.map(figureOf).join('')}</div>
<div class="pair">${outcome.figures.map(rounds).join('')}${cpu(outcome)}</div>
<details><summary>CPU seconds and peak memory of each process</summary>
<p>baseline: ${text(usageOf(outcome.usage.baseline))}</p>
<p>ours: ${text(usageOf(outcome.usage.ours))}</p></details></section>`
}

function figureOf(figure: Measured): string {
  const { reached, ratio, unit, ours, baseline, reach } = figure
  const state = reached === null ? '' : reached ? 'yes' : 'no'
  const aim = reach ? `, to reach ${reachOf(figure)}` : ''
  const sides = `${unit}: ${sideOf(ours)} against ${sideOf(baseline)}${aim}`
  return `<span><span class="ratio ${state}">${ratio.toFixed(2)}</span> ${text(sides)}</span>`
}

/** Both sides, round by round. */
function rounds(figure: Measured): string {
  const data = figure.ours.values.map((_, index) => `${index + 1}`)
  const bar = (name: string, color: string, data: number[]) => ({
    name,
    type: 'bar' as const,
    data: data.map((value) => Number(value.toPrecision(4))),
    itemStyle: { color, borderRadius: [3, 3, 0, 0] },
    barMaxWidth: 26
  })
  return svg(500, 250, {
    title: { text: figure.unit, textStyle: { ...FONT, fontSize: 13, fontWeight: 'normal' } },
    legend: { top: 0, right: 0, itemWidth: 12, itemHeight: 12 },
    grid: { left: 60, right: 10, top: 40, bottom: 36 },
    xAxis: {
      type: 'category',
      data,
      name: 'round',
      nameLocation: 'middle',
      nameGap: 22,
      axisTick: { show: false }
    },
    yAxis: {
      type: 'value',
      axisLabel: { formatter: number },
      splitLine: { lineStyle: { color: '#e8ecf3' } }
    },
    series: [bar('baseline', BASELINE, figure.baseline.values), bar('ours', OURS, figure.ours.values)]
  })
}

/** Where the CPU went on each side. */
function cpu({ usage }: Outcome): string {
  const processes = [...new Set([...usage.ours, ...usage.baseline].map(({ process }) => process))]
  const share = (usages: typeof usage.ours, name: string) =>
    usages.find(({ process }) => process === name)?.cpuSeconds ?? 0
  return svg(500, 250, {
    title: { text: 'CPU seconds a round', textStyle: { ...FONT, fontSize: 13, fontWeight: 'normal' } },
    legend: { bottom: 0, itemWidth: 12, itemHeight: 12, textStyle: { fontSize: 11 } },
    grid: { left: 60, right: 20, top: 34, bottom: 74 },
    xAxis: { type: 'value', splitLine: { lineStyle: { color: '#e8ecf3' } } },
    yAxis: {
      type: 'category',
      data: ['ours', 'baseline'],
      axisTick: { show: false },
      axisLine: { lineStyle: { color: MUTED } }
    },
    series: processes.map((name) => ({
      name,
      type: 'bar',
      stack: 'cpu',
      barMaxWidth: 34,
      itemStyle: { color: colorOf(name) },
      data: [share(usage.ours, name), share(usage.baseline, name)].map((value) => Number(value.toFixed(2)))
    }))
  })
}

const colorOf = (name: string) => COLORS[name.replace(/[ ,].*/, '')] ?? BASELINE

function svg(width: number, height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ animation: false, textStyle: FONT, ...option })
  const rendered = chart.renderToSVGString()
  chart.dispose()
  return rendered
}

const text = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
