import { readFile } from 'node:fs/promises'
import t from 'tap'
import { buildTestApp } from '../support/app.ts'
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
