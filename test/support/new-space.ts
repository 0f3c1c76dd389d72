// Prints how Node was started, and what V8 takes for new objects after a million of them.
import { getHeapSpaceStatistics } from 'node:v8'

let kept: object[] = []
for (let number = 0; number < 1_000_000; number++) {
  kept.push({ number })
  if (kept.length > 100_000) kept = []
}
const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
console.log(JSON.stringify({ options: process.execArgv, bytes: space?.space_size }))
