import type { Pool } from 'pg'
import type { Broker } from '../rabbitmq/broker.ts'
import type { Readings } from './readings.ts'

const HOW_TO_COMBINE = 'A total of the fleet, the same in each process: combine with max(), not sum()'

/** Reads what the database and the broker know about all processes together. */
export function addFleetReadings(
  readings: Readings,
  pool: Pool,
  broker: Pick<Broker, 'depth' | 'deadLetters'> | null
): void {
  readings.add({
    name: 'asyncprod_fleet_outbox_rows',
    help: `Outbox rows, due or waiting for their time. ${HOW_TO_COMBINE}`,
    labelNames: ['kind', 'class', 'state'],
    async read() {
      const { rows } = await pool.query<OutboxRows>(OUTBOX_ROWS)
      return rows.map(({ value, ...labels }) => ({ labels, value }))
    }
  })
  readings.add({
    name: 'asyncprod_fleet_outbox_oldest_seconds',
    help: `Time since the oldest outbox row came due. ${HOW_TO_COMBINE}`,
    labelNames: ['kind'],
    async read() {
      const { rows } = await pool.query<{ kind: string; value: number }>(OUTBOX_OLDEST)
      return rows.map(({ kind, value }) => ({ labels: { kind }, value }))
    }
  })
  readings.add({
    name: 'asyncprod_fleet_pending_images',
    help: `Images that are neither done nor failed. ${HOW_TO_COMBINE}`,
    read: async () => (await pool.query<{ value: number }>(PENDING_IMAGES)).rows
  })
  readings.add({
    name: 'asyncprod_fleet_intake_paused_seconds',
    help: `Time since an operator has paused all work, 0 while it is not paused. ${HOW_TO_COMBINE}`,
    read: async () => (await pool.query<{ value: number }>(INTAKE_PAUSED)).rows
  })
  if (!broker) return
  readings.add({
    name: 'asyncprod_fleet_queue_messages',
    help: `Messages that wait in the image queue. ${HOW_TO_COMBINE}`,
    read: async () => [{ value: await broker.depth() }]
  })
  readings.add({
    name: 'asyncprod_fleet_dead_letters',
    help: `Messages that cannot be processed, in the dead-letter queue. ${HOW_TO_COMBINE}`,
    read: async () => [{ value: await broker.deadLetters() }]
  })
}

interface OutboxRows {
  kind: string
  class: string
  state: string
  value: number
}

const OUTBOX_ROWS = `SELECT kind, CASE class WHEN 0 THEN 'interactive' ELSE 'bulk' END AS class,
  CASE WHEN due_at <= now() THEN 'due' ELSE 'waiting' END AS state, count(*)::integer AS value
  FROM outbox GROUP BY 1, 2, 3`

const OUTBOX_OLDEST = `SELECT kind, greatest(extract(epoch FROM now() - min(due_at)), 0)::float8 AS value
  FROM outbox GROUP BY kind`

const PENDING_IMAGES = `SELECT count(*)::integer AS value FROM product_images WHERE status = 'pending'`

const INTAKE_PAUSED = `SELECT coalesce(extract(epoch FROM now() - max(since)), 0)::float8 AS value
  FROM controls WHERE kind = 'intake'`
