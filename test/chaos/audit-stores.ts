import type { Finding } from './finding.ts'
import type { World } from './world.ts'

export async function objectsAndRows(world: World): Promise<Finding[]> {
  const rows = await world.query<{ key: string }>(
    `SELECT object_key AS key FROM product_images WHERE status = 'done'`
  )
  const named = new Set(rows.map(({ key }) => key))
  const stored = await world.objects()
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

export async function emptyOutbox(world: World): Promise<Finding> {
  const owed = await world.query<{ id: string; kind: string }>('SELECT id, kind FROM outbox')
  return {
    promise: 'nothing is owed any more',
    figure: 'outbox',
    wrong: owed.map(({ id, kind }) => `row ${id}: ${kind}`)
  }
}

export async function emptyQueues(queues: NonNullable<World['queues']>): Promise<Finding[]> {
  const { waiting, unacknowledged, dead } = await queues()
  return [
    {
      promise: 'nothing is in flight',
      figure: 'image queue',
      wrong:
        waiting + unacknowledged === 0
          ? []
          : [`${waiting} messages wait, ${unacknowledged} are unacknowledged`]
    },
    { promise: 'no message died', figure: 'dead letters', wrong: dead === 0 ? [] : [`${dead} dead letters`] }
  ]
}
