import type { Size } from './size.ts'
import type { World } from './world.ts'

/** What a process took while a figure was measured, by the operating system's own account. */
export interface Usage {
  process: string
  cpuSeconds: number
  /** Most memory that was resident at once, in bytes. */
  peakBytes: number
}

/** One side, measured once. */
export interface Sample {
  /** By the name of the figure. */
  values: Record<string, number>
  usage: Usage[]
}

/** A ratio of ours to the ceiling, and what it should be. */
export type Reach = { atLeast: number } | { atMost: number }

export interface Figure {
  name: string
  unit: string
  /** None for what is only shown. */
  reach?: Reach
  /** What ours alone must stay under, whatever the ceiling. */
  most?: number
}

/** Two sides of the same work on the same machine, ready to be measured in turn. */
export interface Contest {
  ceiling(): Promise<Sample>
  ours(): Promise<Sample>
}

export interface Row {
  /** For `--only`. */
  name: string
  title: string
  ceiling: string
  figures: Figure[]
  /** How often each side is measured, if not as often as the size says. */
  rounds?: (size: Size) => number
  /** How often each side is run before it is measured: once, where nothing is said. */
  warmUps?: number
  /** Both sides come out of one measurement, so there is nothing to warm up. */
  whole?: boolean
  /** Starts what both sides need; what it gives to `stack` ends with the row. */
  open(world: World, size: Size, stack: AsyncDisposableStack): Promise<Contest>
}
