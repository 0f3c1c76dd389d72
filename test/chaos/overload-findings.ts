import { percentile } from './load.ts'
import { isQuiet, type Measured, ms } from './phase.ts'
import type { Finding } from './report.ts'

/** No client should wait longer than this for a create that is accepted. */
const LONGEST_MS = 5000
/** The service may take this much more memory than it has at rest. MiB. */
const MEMORY_ROOM = 250

/** What overload may do, and what not. */
export function findings(measured: Measured[]): Finding[] {
  const [rest, ...others] = measured
  const finding = (
    promise: string,
    figure: string,
    isWrong: (phase: Measured) => string | false
  ): Finding => ({
    promise,
    figure,
    wrong: measured.flatMap((phase) => {
      const problem = isWrong(phase)
      return problem === false ? [] : [`${phase.name}: ${problem}`]
    })
  })
  const total = (count: (phase: Measured) => number) => measured.reduce((sum, phase) => sum + count(phase), 0)
  const calm = Math.max(...others.filter(isQuiet).map(({ load }) => percentile(load.latencies, 0.5)))
  return [
    finding(
      'every create was accepted or refused',
      `${total(({ load }) => load.offered)} creates`,
      ({ load }) => {
        return (
          load.others.length > 0 && `${load.others.length} ended with ${[...new Set(load.others)].join(', ')}`
        )
      }
    ),
    finding(
      'every refusal has a Retry-After',
      `${total(({ load }) => load.refused)} refusals`,
      ({ load }) => {
        return load.rude > 0 && `${load.rude} have none`
      }
    ),
    finding(
      'what was accepted exists, and nothing else',
      `${total(({ created }) => created)} rows`,
      ({ load, created }) => {
        const unknown = load.others.length
        return (
          (created < load.accepted || created > load.accepted + unknown) &&
          `${load.accepted} accepted, ${created} rows`
        )
      }
    ),
    finding(
      'too much is refused',
      'while the database is slow',
      ({ slowness, load }) => slowness > 0 && load.refused === 0 && 'it was not'
    ),
    finding('nothing is refused when it is quiet, before and after', 'when quiet', (phase) => {
      return isQuiet(phase) && phase.load.refused > 0 && `${phase.load.refused} were`
    }),
    finding('memory stays bounded', `${rest?.peak} MiB at rest`, ({ peak }) => {
      return peak > (rest?.peak ?? 0) + MEMORY_ROOM && `${peak} MiB`
    }),
    finding(
      'accepted creates get their response in time, less what the generator was late',
      `p50 ${ms(calm)} when quiet again`,
      ({ load }) => {
        const p99 = percentile(load.latencies, 0.99)
        return p99 - load.late > LONGEST_MS && `p99 ${ms(p99)}`
      }
    )
  ]
}
