import type { Measured, Outcome, Side } from './rounds.ts'
import type { ProcessUsage } from './sample.ts'

export const number = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3).replace(/\.0+$/, '')

export function reachOf({ reach, limit, unit }: Measured): string {
  if (!reach) return '–'
  const ratio = 'atLeast' in reach ? `≥ ${reach.atLeast}` : `≤ ${reach.atMost}`
  return limit === undefined ? ratio : `${ratio}, under ${limit} ${unit}`
}

export const sideOf = ({ median, spread }: Side) => `${number(median)} ±${Math.round(spread * 50)}%`

/** What a row takes, in a line: CPU seconds and peak memory of each process. */
export const usageOf = (usages: ProcessUsage[]) =>
  usages
    .map(
      ({ process, cpuSeconds, peakBytes }) =>
        `${process} ${cpuSeconds.toFixed(1)} s ${Math.round(peakBytes / 1e6)} MB`
    )
    .join(' · ')

/** One row as lines of text. */
export function print(outcome: Outcome): string {
  const lines = outcome.figures.map((figure) => {
    const verdict = figure.reached === null ? '' : figure.reached ? 'reached' : 'MISSED'
    const sides = `baseline ${sideOf(figure.baseline).padEnd(14)} ours ${sideOf(figure.ours).padEnd(14)}`
    const ratio = `ratio ${figure.ratio.toFixed(2)}  to reach ${reachOf(figure)}  ${verdict}`
    return `  ${figure.unit.padEnd(20)} ${sides} ${ratio}`
  })
  const { baseline, ours } = outcome.usage
  return [
    `${outcome.name}: ${outcome.title}, against ${outcome.baseline}`,
    ...lines,
    `    baseline: ${usageOf(baseline)}`,
    `    ours:     ${usageOf(ours)}`
  ].join('\n')
}

/** All rows as a Markdown table. */
export function markdown(outcomes: Outcome[]): string {
  const rows = outcomes.flatMap(({ name, title, baseline, figures }) =>
    figures.map((figure) => {
      const cells = [
        `\`${name}\``,
        `${title}, ${figure.unit}`,
        baseline,
        sideOf(figure.baseline),
        sideOf(figure.ours),
        figure.ratio.toFixed(2),
        reachOf(figure),
        figure.reached === null ? '–' : figure.reached ? 'yes' : 'no'
      ]
      return `| ${cells.join(' | ')} |`
    })
  )
  return [
    '| row | figure | baseline | its figure | ours | ratio | to reach | reached |',
    '|---|---|---|---|---|---|---|---|',
    ...rows
  ].join('\n')
}
