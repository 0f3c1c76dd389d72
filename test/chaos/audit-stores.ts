import type { Finding } from './report.ts'
import type { Stores } from './servers.ts'

export async function objectsAndRows(stores: Stores): Promise<Finding[]> {
  const rows = await stores.query<{ key: string }>(
    `SELECT object_key AS key FROM product_images WHERE status = 'done'
     UNION ALL SELECT r.value->>'key' FROM product_images, jsonb_each(renditions) AS r WHERE status = 'done'
     UNION ALL SELECT original->>'key' FROM product_images WHERE original IS NOT NULL`
  )
  const named = new Set(rows.map(({ key }) => key))
  const stored = await stores.objects()
  const orphans = [...stored.difference(named)]
  return [
    {
      promise: 'no object without a row',
      figure: `${orphans.length} of ${stored.size} objects`,
      wrong: orphans
    },
    {
      promise: 'no row without its object',
      figure: `${named.size} rows`,
      wrong: [...named.difference(stored)]
    }
  ]
}

export async function emptyOutbox(stores: Stores): Promise<Finding> {
  const due = await stores.query<{ id: string; kind: string }>('SELECT id, kind FROM outbox')
  return {
    promise: 'nothing is left to do',
    figure: 'outbox',
    wrong: due.map(({ id, kind }) => `row ${id}: ${kind}`)
  }
}

export async function emptyQueues(queues: NonNullable<Stores['queues']>): Promise<Finding[]> {
  const { ready, unacknowledged, dead } = await queues()
  return [
    {
      promise: 'nothing is in flight',
      figure: 'image queue',
      wrong:
        ready + unacknowledged === 0
          ? []
          : [`${ready} messages are ready, ${unacknowledged} are unacknowledged`]
    },
    { promise: 'no message died', figure: 'dead letters', wrong: dead === 0 ? [] : [`${dead} dead letters`] }
  ]
}
