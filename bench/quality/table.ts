import { mean, type Result } from './measure.ts'

const SCORES = ['linear light', 'photographs', 'graphics', 'sRGB', 'photographs', 'graphics']
const COLUMNS = ['setting', ...SCORES, 'butteraugli', 'bytes', 'ms of CPU']

/** One row a setting: means over the corpus. The first six columns of figures are SSIMULACRA2. */
export function table(results: Result[]): string {
  const rows = [...Map.groupBy(results, ({ setting }) => setting)].map(([setting, own]) => {
    const photographs = own.filter(({ kind }) => kind === 'photograph')
    const graphics = own.filter(({ kind }) => kind === 'graphic')
    const cells = [
      setting,
      ...[own, photographs, graphics].map((some) => mean(some, 'linear').toFixed(1)),
      ...[own, photographs, graphics].map((some) => mean(some, 'srgb').toFixed(1)),
      mean(own, 'butteraugli').toFixed(2),
      Math.round(mean(own, 'bytes')).toLocaleString('en'),
      mean(own, 'cpu').toFixed(0)
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [`| ${COLUMNS.join(' | ')} |`, `|${'---|'.repeat(COLUMNS.length)}`, ...rows].join('\n')
}
