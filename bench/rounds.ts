import type { Contest, Row } from './row.ts'
import type { Figure, ProcessUsage, Sample } from './sample.ts'
import { quantile, spread } from './statistics.ts'

/** A figure after all rounds. */
export interface Measured extends Figure {
  baseline: Side
  ours: Side
  /** The median of the rounds' own ratios: what disturbs the machine disturbs both sides of a round. */
  ratio: number
  ratios: number[]
  /** Null where nothing is to be reached. */
  reached: boolean | null
}

export interface Side {
  median: number
  /** From the least to the most, as a part of the median. */
  spread: number
  values: number[]
}

export interface Outcome {
  name: string
  title: string
  baseline: string
  figures: Measured[]
  /** In the middle of the rounds. */
  usage: { baseline: ProcessUsage[]; ours: ProcessUsage[] }
}

/** Baseline, ours, baseline, ours … after warm-ups of both. */
export async function compete(
  row: Row,
  contest: Contest,
  rounds: number,
  progress: (done: string) => void
): Promise<Outcome> {
  const samples: { baseline: Sample[]; ours: Sample[] } = { baseline: [], ours: [] }
  const warmUps = row.whole ? 0 : (row.warmUps ?? 1)
  for (let round = 1 - warmUps; round <= rounds; round++) {
    progress(round < 1 ? 'warm-up' : `round ${round} of ${rounds}`)
    for (const side of ['baseline', 'ours'] as const) {
      const sample = await contest[side]()
      if (round > 0) samples[side].push(sample)
    }
  }
  return {
    name: row.name,
    title: row.title,
    baseline: row.baseline,
    figures: row.figures.map((figure) => measured(figure, samples)),
    usage: { baseline: typical(samples.baseline), ours: typical(samples.ours) }
  }
}

function measured(figure: Figure, samples: { baseline: Sample[]; ours: Sample[] }): Measured {
  const baseline = valuesOf(samples.baseline, figure)
  const ours = valuesOf(samples.ours, figure)
  const ratios = ours.map((value, index) => value / (baseline[index] ?? Number.NaN))
  const ratio = quantile(ratios)
  const reached = isReached(figure, ratio, quantile(ours))
  return { ...figure, baseline: side(baseline), ours: side(ours), ratio, ratios, reached }
}

function isReached({ reach, limit }: Figure, ratio: number, ours: number): boolean | null {
  if (!reach) return null
  const isRatio = 'atLeast' in reach ? ratio >= reach.atLeast : ratio <= reach.atMost
  return isRatio && (limit === undefined || ours <= limit)
}

const valuesOf = (samples: Sample[], { name }: Figure) =>
  samples.map(({ values }) => values[name] ?? Number.NaN)

const side = (values: number[]): Side => ({ median: quantile(values), spread: spread(values), values })

function typical(samples: Sample[]): ProcessUsage[] {
  const all = samples.flatMap(({ usage }) => usage)
  return [...Map.groupBy(all, ({ process }) => process)].map(([process, usages]) => ({
    process,
    cpuSeconds: quantile(usages.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: quantile(usages.map(({ peakBytes }) => peakBytes))
  }))
}
