import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from '../support/missing.ts'
import { Finding, Fuzzer } from './coverage/fuzzer.ts'

const SECONDS = 10

t.test('the fuzzer finds an input that only coverage leads to', async (t) => {
  const counters = new Uint8Array(5)
  const fuzz = (input: Buffer) => {
    for (const [i, byte] of Buffer.from('deep').entries()) {
      counters[i] = 1
      if (input[i] !== byte) return
    }
    throw new Error('reached')
  }
  const takeCounters = () => {
    const taken = counters.slice()
    counters.fill(0)
    return taken
  }
  const fuzzer = new Fuzzer({ fuzz }, takeCounters, 1)
  await fuzzer.execute(Buffer.alloc(1))
  const finding = await fuzzer.fuzz(60_000).catch((error: unknown) => error)
  t.ok(finding instanceof Finding && finding.input.toString().startsWith('deep'))
})

const skip = await missing(import.meta.dirname)
const targets = globSync('*.ts', { cwd: join(import.meta.dirname, 'targets') })

for (const target of targets.map((file) => basename(file, '.ts')))
  t.test(`no input of ${target} breaks its promise`, { skip }, async (t) => {
    const args = ['--disable-warning=ExperimentalWarning', 'test/fuzz/coverage/run.ts', target]
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [...args, '--seconds', `${SECONDS}`],
      {
        timeout: SECONDS * 12_000
      }
    )
    t.equal(stderr, '')
    t.match(stdout, /^[\w-]+: \d+ inputs, \d+ of \d+ counters reached, seed \d+\n$/)
    t.comment(stdout)
  })
