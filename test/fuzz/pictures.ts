// npm run fuzz:images -- --runs 10000 --seed 7
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { examine } from './examination.ts'

const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } })
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(values.runs ?? 10_000)

console.log(`${runs} files, seed ${seed}`)
const { outcomes, kills, findings, seconds, memory } = await examine(seed, runs)
console.table(outcomes)
console.log('decoders killed', kills)
console.log(
  `${seconds.toFixed(1)} s; MB resident early ${memory.early}, peak ${memory.peak}, end ${memory.end}`
)

if (findings.length > 0) {
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'))
  for (const [index, { recipe, outcome, file }] of findings.entries()) {
    await writeFile(join(folder, `${index}`), file)
    console.log(`${folder}/${index}: ${outcome} (${recipe})`)
  }
  process.exitCode = 1
}
