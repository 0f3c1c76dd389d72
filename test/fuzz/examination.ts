import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { missingNativeSettings } from '../../lib/pipeline/runtime-flags.ts'
import type { Settlement } from './examiner.ts'
import { type Mutant, mutants } from './mutants.ts'

const EXAMINER = fileURLToPath(new URL('./examiner.ts', import.meta.url))
// Twice what a decoder may take by its own timeout.
const HANG_MS = 120_000

export interface Finding extends Mutant {
  outcome: string
}

export interface Report {
  /** How many files ended in which way. */
  outcomes: Record<string, number>
  /** Files that ended in no way that was promised: another error, a crash, a hang. */
  findings: Finding[]
  seconds: number
  /** Megabytes of the examining processes after their first tenth of files, at most, and at the end. */
  rss: { early: number[]; peak: number[]; end: number[] }
}

/** Sends `count` mutants of that seed through `compress`, in child processes, one file at a time each. */
export async function examine(seed: number, count: number, processes = 2): Promise<Report> {
  const report: Report = { outcomes: {}, findings: [], seconds: 0, rss: { early: [], peak: [], end: [] } }
  const supply = mutants(seed)
  const start = performance.now()
  let left = count

  async function lane(): Promise<void> {
    let child = startExaminer()
    let seen = 0
    const sizes: number[] = []
    while (left-- > 0) {
      const { value: mutant } = await supply.next()
      const verdict = await judge(child, mutant.file)
      report.outcomes[verdict.outcome] = (report.outcomes[verdict.outcome] ?? 0) + 1
      if (/broken promise|crash/.test(verdict.outcome)) report.findings.push({ ...mutant, ...verdict })
      if (child.exitCode !== null || child.signalCode !== null) child = startExaminer()
      seen++
      sizes.push(Math.round(verdict.rss / 1e6))
    }
    child.disconnect()
    report.rss.early.push(sizes[Math.floor(seen / 10)] ?? 0)
    report.rss.peak.push(Math.max(...sizes))
    report.rss.end.push(sizes.at(-1) ?? 0)
    if (child.exitCode === null) await once(child, 'exit')
  }

  await Promise.all(Array.from({ length: processes }, lane))
  report.seconds = (performance.now() - start) / 1000
  return report
}

function startExaminer(): ChildProcess {
  // GLib complains on stderr about absurd sizes; what counts is what `compress` makes of them.
  return fork(EXAMINER, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Allocator and heap as a worker has them: its memory is the question.
    env: { ...process.env, ...missingNativeSettings({}) }
  })
}

async function judge(child: ChildProcess, file: Buffer): Promise<Settlement> {
  const done = new AbortController()
  const hang = setTimeout(() => child.kill('SIGKILL'), HANG_MS)
  child.send(file)
  try {
    return await Promise.race([
      once(child, 'message', { signal: done.signal }).then(([verdict]): Settlement => verdict),
      once(child, 'exit', { signal: done.signal }).then(([code, signal]) => ({
        outcome: `crash: ${code ?? signal}`,
        rss: 0
      }))
    ])
  } finally {
    clearTimeout(hang)
    done.abort()
  }
}
