import { setTimeout as wait } from 'node:timers/promises'
import type { World } from './world.ts'

/** Objects are removed at once, and again after the longest life of an upload. In a quiet fleet that is over. */
const LATE_REMOVALS = `kind = 'object' AND due_at > now() + interval '1 minute'`

const LOOK_EVERY_MS = 1000

/** What is still to be done, as one can see in the database and the queues. */
interface Rest {
  pending: number
  owed: number
  messages: number
}

/** Waits until nothing is left to do, or until the time is over; answers the seconds that it took. */
export async function untilQuiet(
  world: World,
  limitMs: number,
  tell: (rest: string) => void
): Promise<number> {
  const started = Date.now()
  let quiet = 0
  let hasLateRemovals = true
  // Twice in a row: between the message that is acknowledged and the row that is written there is nothing to see.
  while (quiet < 2 && Date.now() - started < limitMs) {
    await wait(LOOK_EVERY_MS)
    const { pending, owed, messages } = await look(world)
    tell(`${pending} images pending, ${owed} rows owed, ${messages} messages`)
    quiet = pending + owed + messages === 0 ? quiet + 1 : 0
    if (quiet === 2 && hasLateRemovals) {
      await world.query(`UPDATE outbox SET due_at = now(), scheduled = false WHERE ${LATE_REMOVALS}`)
      hasLateRemovals = false
      quiet = 0
    }
  }
  return Math.round((Date.now() - started) / 1000)
}

async function look({ query, queues }: World): Promise<Rest> {
  const [rows] = await query<Omit<Rest, 'messages'>>(
    `SELECT (SELECT count(*)::integer FROM product_images WHERE status = 'pending') AS pending,
      (SELECT count(*)::integer FROM outbox WHERE NOT (${LATE_REMOVALS})) AS owed`
  )
  const { pending = 0, owed = 0 } = rows ?? {}
  // Listing the queues costs a second of CPU.
  const states = pending + owed === 0 && queues ? await queues() : { waiting: 0, unacknowledged: 0 }
  return { pending, owed, messages: states.waiting + states.unacknowledged }
}
