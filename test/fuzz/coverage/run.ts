// npm run fuzz -- TARGET --seconds 600 [--seed 7] [--save], or npm run fuzz -- TARGET --input FILE
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../../scripts/generated.ts'
import { Finding, Fuzzer, type Target } from './fuzzer.ts'
import { instrumentLib } from './instrument.ts'

const TARGETS = join(import.meta.dirname, '../targets')
const CORPUS = join(import.meta.dirname, '../corpus')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    input: { type: 'string' },
    save: { type: 'boolean', default: false }
  }
})
const names = globSync('*.ts', { cwd: TARGETS }).map((file) => basename(file, '.ts'))
const [name = ''] = positionals
if (!names.includes(name)) {
  console.error(`Usage: npm run fuzz -- TARGET [--seconds 60] [--seed N] [--save] [--input FILE]
Targets: ${names.sort().join(', ')}`)
  process.exit(2)
}

const takeCounters = await instrumentLib()
const target: Target = await import(join(TARGETS, `${name}.ts`))
const folder = join(CORPUS, name)
const fuzzer = new Fuzzer(target, takeCounters, Number(values.seed))
try {
  if (values.input) await fuzzer.execute(readFileSync(values.input))
  else {
    for (const input of readCorpus()) await fuzzer.execute(input)
    await fuzzer.fuzz(Number(values.seconds) * 1000)
    if (values.save) await save()
  }
  const { reached, counters } = fuzzer.coverage
  console.log(
    `${name}: ${fuzzer.executions} inputs, ${reached} of ${counters} counters reached, seed ${values.seed}`
  )
} catch (error) {
  if (!(error instanceof Finding)) throw error
  const file = `build/fuzz/${name}-${hash(error.input)}`
  mkdirSync(join(ROOT, 'build/fuzz'), { recursive: true })
  writeFileSync(join(ROOT, file), error.input)
  console.error(
    `${name}, seed ${values.seed}: ${error.message}\nInput (base64): ${error.input.toString('base64')}`
  )
  console.error(`Again: npm run fuzz -- ${name} --input ${file}`)
  process.exitCode = 1
}

function readCorpus(): Buffer[] {
  return globSync('*', { cwd: folder })
    .sort()
    .map((file) => readFileSync(join(folder, file)))
}

/** Replaces the stored corpus with few and small inputs that reach the same counters, however often. */
async function save(): Promise<void> {
  const needed = new Fuzzer(target, () => takeCounters().map((bucket) => Math.min(bucket, 1)), 0)
  for (const input of fuzzer.corpus.toSorted((a, b) => a.length - b.length)) await needed.execute(input)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const input of needed.corpus) writeFileSync(join(folder, hash(input)), input)
}

function hash(input: Buffer): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 12)
}
