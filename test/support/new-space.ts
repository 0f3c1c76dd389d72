// Prints how Node was started, and what V8 takes for new objects after 200,000 of them.
import { getHeapSpaceStatistics } from 'node:v8'

let kept: object[] = []
for (let number = 0; number < 200_000; number++) {
  kept.push({ number })
  // So few survive that V8 never marks the old ones: while it does, it lets the space exceed its bound.
  if (kept.length > 20_000) kept = []
}
const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
console.log(JSON.stringify({ options: process.execArgv, bytes: space?.space_size }))
