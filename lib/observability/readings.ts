import { setImmediate as nextTurn } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'

export interface Sample {
  labels?: Record<string, string>
  value: number
}

export interface Reading {
  name: string
  help: string
  labelNames?: string[]
  read(): Promise<Sample[]>
}

/** Less than Prometheus waits for a scrape. */
const READ_TIMEOUT_MS = 5000

/**
 * Gauges that are read at each scrape. One that cannot be read is missing instead of stale. Failures are
 * counted, and the first one is logged.
 */
export class Readings {
  readonly #registry: Registry
  readonly #log: Log
  readonly #errors: Counter
  readonly #failing = new Set<string>()
  readonly #running = new Set<Promise<Sample[]>>()

  constructor(registry: Registry, log: Log) {
    this.#registry = registry
    this.#log = log
    this.#errors = new Counter({
      name: 'asyncprod_scrape_errors_total',
      help: 'Readings that failed, by the metric that is missing from the scrape',
      labelNames: ['metric'],
      registers: [registry],
      // Waits for the other readings of this scrape, which have begun after one turn, to count their
      // failures.
      collect: async () => {
        await nextTurn()
        await Promise.all(this.#running)
      }
    })
  }

  add({ name, help, labelNames = [], read }: Reading): void {
    this.#errors.inc({ metric: name }, 0)
    const samples = async () => {
      const reading = this.#samples(name, read)
      this.#running.add(reading)
      return await reading.finally(() => this.#running.delete(reading))
    }
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      async collect() {
        const current = await samples()
        this.reset()
        // Without labels, a reset gauge would report 0.
        if (labelNames.length === 0) this.remove()
        for (const { labels = {}, value } of current) this.set(labels, value)
      }
    })
  }

  async #samples(name: string, read: () => Promise<Sample[]>): Promise<Sample[]> {
    try {
      const samples = await withTimeout(READ_TIMEOUT_MS, read())
      this.#failing.delete(name)
      return samples
    } catch (error) {
      this.#errors.inc({ metric: name })
      if (!this.#failing.has(name)) {
        this.#log.warn({ metric: name, reason: reasonOf(error) }, 'A metric cannot be read')
      }
      this.#failing.add(name)
      return []
    }
  }
}
