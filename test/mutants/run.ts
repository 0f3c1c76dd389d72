import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copySources } from '../support/copy-sources.ts'
import { SupervisedProcess } from '../support/servers/process.ts'
import { MUTANTS, type Mutant } from './mutants.ts'

const ROOT = join(import.meta.dirname, '../..')
/** A mutant that makes its test hang is killed, too. */
const PATIENCE = 3
const SHORTEST_LIMIT_MS = 60_000
const FIRST_LIMIT_MS = 600_000

const USAGE = `npm run mutants [-- WORD …]

Changes one mechanism at a time in a copy of the sources, and runs the test that should notice. WORDs select
mutants by what their names contain. Exit code 1 when one survives.`

const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } })
if (values.help) console.log(USAGE)
else process.exitCode = (await run(MUTANTS.filter(isSelected))) ? 0 : 1

function isSelected({ name }: Mutant): boolean {
  return positionals.length === 0 || positionals.some((word) => name.includes(word))
}

/** Resolves with whether every mutant was killed. */
async function run(mutants: Mutant[]): Promise<boolean> {
  const copy = copySources()
  await startHost()
  const limits = new Map<string, number>()
  let killed = 0
  for (const [index, mutant] of mutants.entries()) {
    const limitMs = limits.get(mutant.test) ?? (await timeOf(copy, mutant.test))
    limits.set(mutant.test, limitMs)
    const { outcome } = await tryMutant(copy, mutant, limitMs)
    if (outcome !== 'survived') killed++
    console.log(`[${index + 1}/${mutants.length}] ${outcome.padEnd(9)} ${mutant.name} (${mutant.test})`)
  }
  console.log(`${killed} of ${mutants.length} mutants were killed`)
  return killed === mutants.length
}

/** Resolves with how long the test may take with a mutant. Rejects when it fails without one. */
async function timeOf(copy: string, test: string): Promise<number> {
  const started = Date.now()
  const { outcome, lastLines } = await runTest(copy, test, FIRST_LIMIT_MS)
  if (outcome !== 'survived') throw new Error(`${test} fails without a mutant:\n${lastLines}`)
  return Math.max(SHORTEST_LIMIT_MS, (Date.now() - started) * PATIENCE)
}

async function tryMutant(copy: string, { file, from, to, test }: Mutant, limitMs: number) {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    source.replace(from, () => to)
  )
  try {
    return await runTest(copy, test, limitMs)
  } finally {
    writeFileSync(path, source)
  }
}

interface Result {
  outcome: 'killed' | 'timed out' | 'survived'
  /** What the test printed last. */
  lastLines: string
}

async function runTest(cwd: string, test: string, limitMs: number): Promise<Result> {
  // Without tap around it a test may take 30 s, and one that needs more would kill every mutant.
  const env = { ...process.env, TAP_TIMEOUT: `${limitMs / 1000}` }
  await using child = new SupervisedProcess({ command: process.execPath, args: [test], cwd, env })
  const limit = setTimeout(() => child.stop(), limitMs)
  const { code, signal } = await child.ended
  clearTimeout(limit)
  const { lastLines } = child
  if (signal === 'SIGKILL') return { outcome: 'timed out', lastLines }
  return { outcome: code === 0 ? 'survived' : 'killed', lastLines }
}

/**
 * The tests share servers, as they do in a run of tap: this process stands for tap. It ends with this
 * process.
 */
async function startHost(): Promise<void> {
  const host = spawn(process.execPath, [join(ROOT, 'test/support/servers/host.ts'), String(process.pid)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  })
  await once(host, 'message')
  host.disconnect()
  host.unref()
}
