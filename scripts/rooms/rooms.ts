import { join } from 'node:path'
import { generate, ROOT } from '../generated.ts'
import { arrowsOf, faults } from './arrows.ts'
import { draw } from './drawing.ts'
import { readImports } from './imports.ts'

const imports = readImports()
const upwards = faults(imports)
if (upwards.length > 0) {
  console.error(upwards.join('\n'))
  process.exitCode = 1
} else {
  await generate(new Map([[join(ROOT, 'docs/rooms.svg'), await draw(arrowsOf(imports))]]), 'npm run rooms')
}
