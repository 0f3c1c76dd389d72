import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { metricNames } from '../../scripts/operations/metrics.ts'
import { buildTestApp } from '../support/app.ts'
import { createFolder } from '../support/servers/guard.ts'
import { installed } from '../support/servers/install.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedRabbitmq } from '../support/servers/shared.ts'

interface Dashboard {
  panels: { id: number; title: string; gridPos: Box; targets?: { expr: string }[] }[]
}
interface Box {
  x: number
  y: number
  w: number
  h: number
}

const dashboard: Dashboard = JSON.parse(
  await readFile(new URL('../../deploy/grafana/asyncprod.json', import.meta.url), 'utf8')
)
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

t.test('every metric and label that the dashboard asks for is there', needsServices, async (t) => {
  const rabbitmq = await sharedRabbitmq(t)
  const variables = { RABBITMQ_URL: rabbitmq.url, RABBITMQ_IMAGE_QUEUE: rabbitmq.queueName() }
  const app = await buildTestApp(t, variables)
  const { body } = await app.inject('/metrics')
  const there = new Set([...body.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name))
  const asked = expressions.flatMap((expr) => expr.match(/\b(asyncprod|http|nodejs|process)_\w+/g) ?? [])
  t.ok(asked.length >= expressions.length)
  t.strictSame(
    asked.filter((name) => !there.has(name) && !there.has(name.replace(/_(bucket|count|sum)$/, ''))),
    []
  )
})

t.test('every metric of the service is on the dashboard', async (t) => {
  const isShown = (name: string) =>
    expressions.some((expr) => new RegExp(`\\b${name}(_bucket|_count)?\\b`).test(expr))
  t.strictSame(
    metricNames().filter((name) => !isShown(name)),
    []
  )
})

t.test('Prometheus can read every expression', async (t) => {
  const promtool = await installed('promtool', 'prometheus')
  if (!promtool) return void t.pass('promtool', { skip: 'promtool is not installed' })
  const rules = expressions.map((expr, i) => ({
    record: `panel:${i}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*')
  }))
  const file = join(createFolder('dashboard'), 'rules.json')
  await writeFile(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
  const { stdout } = await promisify(execFile)(promtool, ['check', 'rules', file])
  t.match(stdout, `SUCCESS: ${rules.length} rules found`)
})

t.test('no panel covers another, and each has its own id', async (t) => {
  const { panels } = dashboard
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  for (const [i, { title, gridPos: a }] of panels.entries()) {
    const covered = panels.slice(i + 1).filter(({ gridPos: b }) => {
      return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
    })
    t.strictSame(covered, [], title)
  }
})
