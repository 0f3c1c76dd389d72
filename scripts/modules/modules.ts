import { join } from 'node:path'
import { generate, ROOT, withSections } from '../generated.ts'
import { arrowsOf, faults } from './arrows.ts'
import { draw } from './drawing.ts'
import { readImports } from './imports.ts'
import { MODULES } from './layers.ts'

const architecture = join(ROOT, 'ARCHITECTURE.md')

const imports = readImports()
const upwards = faults(imports)
if (upwards.length > 0) {
  console.error(upwards.join('\n'))
  process.exitCode = 1
} else {
  const files = new Map([
    [join(ROOT, 'docs/modules.svg'), await draw(arrowsOf(imports))],
    [architecture, await withSections(architecture, { modules: table() })]
  ])
  await generate(files, 'npm run modules')
}

function table(): string {
  const rows = MODULES.map(({ path, holds, first }) => {
    const link = first ? `[${first}](${path}/${first})` : `[${path}](${path})`
    return `| \`${path}\` | ${holds} | ${link} |\n`
  })
  return `| module | holds | open first |\n|---|---|---|\n${rows.join('')}`
}
