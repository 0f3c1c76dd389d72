/** What a process and everything below it took while a figure was measured, by the kernel's account. */
export interface ProcessUsage {
  process: string
  cpuSeconds: number
  /** Maximum of its resident memory, in bytes. */
  peakBytes: number
}

/** One side, measured once. */
export interface Sample {
  /** By the name of the figure. */
  values: Record<string, number>
  usage: ProcessUsage[]
}

/** A ratio of ours to the baseline, and what it should be. */
export type Reach = { atLeast: number } | { atMost: number }

export interface Figure {
  name: string
  unit: string
  /** None for what is only shown. */
  reach?: Reach
  /** What ours alone must stay below, whatever the baseline. */
  limit?: number
}
