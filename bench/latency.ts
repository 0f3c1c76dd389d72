import type { Environment } from './environment.ts'
import type { Sample } from './sample.ts'
import { quantile } from './statistics.ts'

/** Runs `work` so many times, one after another. Measures its p50 in milliseconds; `before` is not timed. */
export async function latency(
  { accounts }: Environment,
  times: number,
  work: (index: number) => Promise<unknown>,
  before: () => Promise<unknown> = async () => {}
): Promise<Sample> {
  const close = accounts.open()
  const taken: number[] = []
  for (let index = 0; index < times; index++) {
    await before()
    const started = performance.now()
    await work(index)
    taken.push(performance.now() - started)
  }
  return { values: { milliseconds: quantile(taken) }, usage: close() }
}
