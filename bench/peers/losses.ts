import { setTimeout as wait } from 'node:timers/promises'
import type { SupervisedProcess } from '../../test/support/servers/process.ts'
import type { Environment } from '../environment.ts'
import type { Sample } from '../sample.ts'

export const JOBS = 400
const KILLS = 5
/** From the last kill. */
const LIMIT_MS = 90_000
const LOOK_EVERY_MS = 500

/** One side whose processes or server are killed. */
export interface Victim {
  create(jobs: number): Promise<void>
  /** Starts a worker. It ends with the stack. */
  worker(stack: AsyncDisposableStack): Promise<SupervisedProcess>
  done(): Promise<number>
}

/** `kill -9` to the worker five times, each with a new one in its place. Which share of the jobs is done? */
export async function workerKilled(environment: Environment, victim: Victim): Promise<Sample> {
  await environment.resetArrivals()
  await victim.create(JOBS)
  await using stack = new AsyncDisposableStack()
  for (let kill = 1; kill <= KILLS; kill++) {
    const worker = await victim.worker(stack)
    await environment.arrivals((kill * JOBS) / (2 * KILLS))
    await worker.stop('SIGKILL')
  }
  await victim.worker(stack)
  return await share(victim)
}

/** The server of the queue is killed and started again when half of the jobs are done. */
export async function serverKilled(
  environment: Environment,
  victim: Victim,
  restart: () => Promise<void>
): Promise<Sample> {
  await environment.resetArrivals()
  await using stack = new AsyncDisposableStack()
  let worker = await victim.worker(stack)
  await victim.create(JOBS)
  await environment.arrivals(JOBS / 2)
  await restart()
  // As a supervisor does.
  const supervise = async () => {
    if (!worker.isRunning) worker = await victim.worker(stack)
  }
  return await share(victim, supervise)
}

async function share({ done }: Victim, each = async () => {}): Promise<Sample> {
  const started = performance.now()
  let count = 0
  while (count < JOBS && performance.now() - started < LIMIT_MS) {
    await wait(LOOK_EVERY_MS)
    await each()
    count = await done().catch(() => count)
  }
  return { values: { done: (100 * count) / JOBS, seconds: (performance.now() - started) / 1000 }, usage: [] }
}
