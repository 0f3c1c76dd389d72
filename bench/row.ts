import type { Environment } from './environment.ts'
import type { Figure, Sample } from './sample.ts'
import type { Size } from './size.ts'

/** Two sides of the same work on the same machine, ready to be measured in turn. */
export interface Contest {
  baseline(): Promise<Sample>
  ours(): Promise<Sample>
}

export interface Row {
  /** For `--only`. */
  name: string
  title: string
  baseline: string
  figures: Figure[]
  /** How often each side is measured, if not as often as the size says. */
  rounds?: (size: Size) => number
  /** How often each side is run before it is measured. Default: once. */
  warmUps?: number
  /** Both sides come out of one measurement, so there is nothing to warm up. */
  whole?: boolean
  /** Starts what both sides need. What it adds to `stack` ends with the row. */
  open(environment: Environment, size: Size, stack: AsyncDisposableStack): Promise<Contest>
}
