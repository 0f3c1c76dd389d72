// npm run fuzz:api -- --runs 100000 --seed 7
import { parseArgs } from 'node:util'
import { fuzz } from './api-fuzzer.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, database: { type: 'string' } }
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(values.runs ?? 20_000)

console.log(`${runs} requests, seed ${seed}`)
const start = performance.now()
try {
  console.table([...(await fuzz(seed, runs, values.database))].sort())
} catch (error) {
  console.error(error instanceof Error ? `${error.message}\n${error.cause}` : error)
  process.exitCode = 1
}
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`)
