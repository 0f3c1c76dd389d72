import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { Environment } from './environment.ts'
import { isSelected, type Options } from './options.ts'
import { page, type Report } from './page.ts'
import { compete, type Outcome } from './rounds.ts'
import type { Row } from './row.ts'
import { rowsOf } from './rows/all.ts'
import { markdown, print } from './table.ts'

const RESULTS = join(import.meta.dirname, 'results')

/** Measures the rows one after another, prints each and writes bench/results. */
export async function run(options: Options): Promise<void> {
  const started = performance.now()
  const rows = rowsOf(options.peers).filter(({ name }) => isSelected(options, name))
  const { size } = options
  progress('starting PostgreSQL, Redis, RabbitMQ, a store and an origin')
  await using environment = await Environment.start()
  const outcomes: Outcome[] = []
  for (const [index, row] of rows.entries()) {
    const label = `[${index + 1}/${rows.length}] ${row.name}`
    const outcome = await measure(environment, row, size, label).catch((error: unknown) => {
      // The other rows are worth their time.
      console.error(`${label}:`, error)
      process.exitCode = 1
    })
    if (!outcome) continue
    outcomes.push(outcome)
    progress('')
    console.log(`${print(outcome)}\n`)
    const minutes = (performance.now() - started) / 60_000
    write({
      beside: options.peers ? 'other job queues' : 'the bare libraries',
      date: new Date().toISOString(),
      size: size.name,
      machine: machine(),
      commit: commit(),
      minutes,
      outcomes
    })
  }
  console.log(`${markdown(outcomes)}\n\n${join(RESULTS, 'index.html')}`)
}

async function measure(
  environment: Environment,
  row: Row,
  size: Options['size'],
  label: string
): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  progress(`${label}: preparing`)
  const contest = await row.open(environment, size, stack)
  return await compete(row, contest, row.rounds?.(size) ?? size.rounds, (done) =>
    progress(`${label}: ${done}`)
  )
}

function write(report: Report): void {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(join(RESULTS, 'results.json'), JSON.stringify(report, null, 2))
  writeFileSync(join(RESULTS, 'index.html'), page(report))
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
  else if (line) process.stderr.write(`${line}\n`)
}

function machine(): string {
  const [first] = cpus()
  return `${cpus().length} × ${first?.model.trim() ?? process.arch}, Node ${process.version}`
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      cwd: import.meta.dirname
    }).trim()
  } catch {
    return 'no commit'
  }
}
