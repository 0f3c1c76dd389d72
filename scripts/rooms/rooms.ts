import { join } from 'node:path'
import { generate, ROOT, withSections } from '../generated.ts'
import { arrowsOf, faults } from './arrows.ts'
import { draw } from './drawing.ts'
import { ROOMS } from './floors.ts'
import { readImports } from './imports.ts'

const architecture = join(ROOT, 'ARCHITECTURE.md')

const imports = readImports()
const upwards = faults(imports)
if (upwards.length > 0) {
  console.error(upwards.join('\n'))
  process.exitCode = 1
} else {
  const files = new Map([
    [join(ROOT, 'docs/rooms.svg'), await draw(arrowsOf(imports))],
    [architecture, await withSections(architecture, { rooms: table() })]
  ])
  await generate(files, 'npm run rooms')
}

function table(): string {
  const rows = ROOMS.map(({ path, holds, first }) => {
    const link = first ? `[${first}](${path}/${first})` : `[${path}](${path})`
    return `| \`${path}\` | ${holds} | ${link} |\n`
  })
  return `| room | holds | open first |\n|---|---|---|\n${rows.join('')}`
}
