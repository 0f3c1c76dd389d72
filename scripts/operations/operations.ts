import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { generate, ROOT, withSections } from '../generated.ts'
import { logRows } from './log-lines.ts'
import { metricRows } from './metrics.ts'

const page = join(ROOT, 'docs/operations.md')
const rules = join(ROOT, 'deploy/prometheus/rules.yaml')
const operatorRules = join(ROOT, 'deploy/kubernetes/monitoring/rules.yaml')

const metrics = table('| metric | type | labels | meaning |', metricRows())
const lines = table('| message | level | fields | logged in |', logRows())

await generate(
  new Map([
    [page, await withSections(page, { metrics, 'log-lines': lines })],
    [operatorRules, await operatorObject()]
  ]),
  'npm run operations'
)

function table(head: string, rows: string[]): string {
  return [head, head.replaceAll(/[^|]+/g, '---'), ...rows, ''].join('\n')
}

/** The rules as an object of the Prometheus operator. */
async function operatorObject(): Promise<string> {
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'asyncprod' },
    spec: parse(await readFile(rules, 'utf8'))
  }
  return `# Generated from deploy/prometheus/rules.yaml.\n${stringify(object, { lineWidth: 108 })}`
}
