import { Pool } from 'pg'
import { addFleetReadings } from '../../lib/observability/fleet.ts'
import { addLimiterReadings } from '../../lib/observability/limiter.ts'
import { Metrics } from '../../lib/observability/metrics.ts'
import { addProcessReadings } from '../../lib/observability/process.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const none = async () => 0
const NO_BREAKERS = { closed: 0, open: 0, half_open: 0 }
const NO_PLACES = { downloading: 0, downloading_troubled: 0, processing: 0, free: 0 }

/** Returns the rows of a table of the service's own metrics. No server is asked. */
export function metricRows(): string[] {
  return ownMetrics()
    .map((metric) => `| \`${metric.name}\` | ${metric.type} | ${labelsOf(metric)} | ${metric.help} |`)
    .sort()
}

export function metricNames(): string[] {
  return ownMetrics().map(({ name }) => name)
}

function ownMetrics() {
  const metrics = new Metrics(silent)
  const { registry, readings } = metrics
  const pool = new Pool()
  addProcessReadings(readings, pool, async () => [])
  addFleetReadings(readings, pool, { depth: none, deadLetters: none })
  addLimiterReadings(readings, { figures: () => ({ breakers: NO_BREAKERS, places: NO_PLACES }) })
  metrics.close()
  return registry.getMetricsAsArray().filter(({ name }) => /^(asyncprod|http)_/.test(name))
}

function labelsOf(metric: object): string {
  const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : []
  return labels.map((label) => `\`${label}\``).join(', ')
}
