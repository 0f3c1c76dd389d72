// Prints how Node was started, and what V8 takes for new objects after 200,000 of them.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

// While V8 marks old objects, it lets the space exceed its bound: one run in ten on a busy machine.
setFlagsFromString('--no-incremental-marking')
let kept: object[] = []
for (let number = 0; number < 200_000; number++) {
  kept.push({ number })
  if (kept.length > 20_000) kept = []
}
const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
console.log(JSON.stringify({ options: process.execArgv, bytes: space?.space_size }))
