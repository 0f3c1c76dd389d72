import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../../scripts/generated.ts'
import { arrowsOf, essential, faults } from '../../scripts/modules/arrows.ts'
import { draw } from '../../scripts/modules/drawing.ts'
import { parseReport } from '../../scripts/modules/imports.ts'
import { MODULES } from '../../scripts/modules/layers.ts'

const REPORT = `lib/log/log.ts
   Imported via '../log/log.ts' from file 'lib/cache/cache.ts'
   Imported via "./log/log.ts" from file 'app.ts'
   Matched by include pattern '**/*.ts' in 'tsconfig.json'
node_modules/pino/pino.d.ts
   Imported via 'pino' from file 'lib/log/log.ts' with packageId 'pino/pino.d.ts@10.4.0'
test/support/app.ts
   Imported via '../support/app.ts' from file 'test/start.test.ts'
lib/cache/cache.ts
   Imported via './lib/cache/cache.ts' from file 'app.ts'
`

const arrows = (report: string) =>
  arrowsOf(parseReport(report)).map(({ from, to }) => `${from.path} -> ${to.path}`)

t.test("the compiler's report gives the imports between files of the project", async (t) => {
  t.strictSame(parseReport(REPORT), [
    { from: 'lib/cache/cache.ts', to: 'lib/log/log.ts' },
    { from: 'app.ts', to: 'lib/log/log.ts' },
    { from: 'test/start.test.ts', to: 'test/support/app.ts' },
    { from: 'app.ts', to: 'lib/cache/cache.ts' }
  ])
})

t.test('imports downwards, inside a module and of tests are allowed', async (t) => {
  t.strictSame(faults(parseReport(REPORT)), [])
  t.strictSame(faults([{ from: 'lib/log/log.ts', to: 'lib/log/context.ts' }]), [])
})

t.test('an import upwards, to the same layer or out of all modules is a fault', async (t) => {
  for (const to of ['app.ts', 'lib/rabbitmq/broker.ts']) {
    const [fault, ...others] = faults([{ from: 'lib/storage/files.ts', to }])
    t.match(fault, `lib/storage/files.ts imports ${to}: `)
    t.strictSame(others, [])
  }
  t.strictSame(faults([{ from: 'app.ts', to: 'scripts/generated.ts' }]), [
    'app.ts imports scripts/generated.ts: scripts/modules/layers.ts has no module for scripts/generated.ts'
  ])
  t.match(faults([{ from: 'lib/new/new.ts', to: 'lib/log/log.ts' }]), [/has no module for lib\/new\/new.ts$/])
})

t.test('arrows go from module to module; the picture leaves out what a longer path implies', async (t) => {
  t.strictSame(arrows(REPORT), ['app.ts -> lib/cache', 'app.ts -> lib/log', 'lib/cache -> lib/log'])
  const drawn = essential(arrowsOf(parseReport(REPORT)))
  t.strictSame(
    drawn.map(({ from, to }) => `${from.path} -> ${to.path}`),
    ['app.ts -> lib/cache', 'lib/cache -> lib/log']
  )
  const svg = await draw(arrowsOf(parseReport(REPORT)))
  t.match(svg, '3 arrows, all downwards; drawn are the 2 that no longer path implies.')
  // Graphviz writes a hyphen as a character reference.
  for (const { path } of MODULES) t.ok(svg.includes(`>${path.replaceAll('-', '&#45;')}</text>`), path)
})

t.test('every module is there, and so is the file to open first', async (t) => {
  for (const { path, first } of MODULES) t.ok(existsSync(join(ROOT, path, first ?? '')), path)
})
