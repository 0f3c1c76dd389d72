import type { Pool } from 'pg'
import type { Readings } from './readings.ts'

/** Reads what this process knows about its connections and the parts that it works with. */
export function addProcessReadings(
  readings: Readings,
  pool: Pool,
  dependencies: () => Promise<{ name: string; isUp: boolean }[]>
): void {
  readings.add({
    name: 'asyncprod_database_connections',
    help: 'Connections of this process to the database, and requests that wait for one',
    labelNames: ['state'],
    read: async () => [
      { labels: { state: 'idle' }, value: pool.idleCount },
      { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
      { labels: { state: 'waited_for' }, value: pool.waitingCount }
    ]
  })
  readings.add({
    name: 'asyncprod_dependency_up',
    help: 'Whether this process can use the dependency: 1 or 0',
    labelNames: ['dependency'],
    read: async () =>
      (await dependencies()).map(({ name, isUp }) => ({ labels: { dependency: name }, value: isUp ? 1 : 0 }))
  })
}
