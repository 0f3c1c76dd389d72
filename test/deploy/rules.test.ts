import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { ROOT } from '../../scripts/generated.ts'
import { metricNames } from '../../scripts/operations/metrics.ts'
import { installed } from '../support/servers/install.ts'
import { read } from './files.ts'

const RULES = 'deploy/prometheus/rules.yaml'

interface Rule {
  alert: string
  expr: string
}
const rules: Rule[] = parse(read(RULES)).groups.flatMap(({ rules }: { rules: Rule[] }) => rules)

t.test('each alert fires in its trouble, and none on a healthy fleet', async (t) => {
  const promtool = await installed('promtool', 'prometheus')
  if (!promtool) return void t.pass('promtool', { skip: 'promtool is not installed' })
  const folder = await mkdtemp(join(tmpdir(), 'asyncprod-rules-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const file of [RULES, 'test/deploy/rules.test.yaml']) {
    await copyFile(join(ROOT, file), join(folder, file.replace(/.*\//, '')))
  }
  const { stdout } = await promisify(execFile)(promtool, ['test', 'rules', 'rules.test.yaml'], {
    cwd: folder
  })
  t.match(stdout, 'SUCCESS')
})

t.test('each alert is explained', async (t) => {
  const text = await readFile(join(ROOT, 'docs/operations.md'), 'utf8')
  const headings = [...text.matchAll(/^### (AsyncProd\w+)$/gm)].map(([, name]) => name)
  t.same(
    headings,
    rules.map(({ alert }) => alert)
  )
})

t.test('alerts ask for metrics that exist', async (t) => {
  const asked = rules.flatMap(({ expr }) => expr.match(/\b(asyncprod|http)_\w+/g) ?? [])
  const names = metricNames()
  t.strictSame(
    asked.filter((name) => !names.includes(name.replace(/_count$/, ''))),
    []
  )
})
