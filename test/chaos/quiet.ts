import { setTimeout as wait } from 'node:timers/promises'
import type { Stores } from './servers.ts'

const LOOK_EVERY_MS = 1000
/** What a fault delayed in the store has landed by then: from here on the last removals need not wait. */
const LAST_UPLOAD_MS = 30_000
/** What is left of a product is removed after the longest life of an upload. */
const LATE = `kind = 'object' AND due_at > now()`

/** What is still to be done, as the database and the queues show it. */
interface Rest {
  pending: number
  due: number
  /** Removals of what is left of a product. */
  late: number
  messages: number
}

/** Waits until nothing is left to do, or until the limit. Resolves with the seconds that it took. */
export async function untilQuiet(
  stores: Stores,
  limitMs: number,
  onProgress: (rest: string) => void
): Promise<number> {
  const started = Date.now()
  let quiet = 0
  // Twice in a row: there is nothing to see between the message's ack and the row's commit.
  while (quiet < 2 && Date.now() - started < limitMs) {
    await wait(LOOK_EVERY_MS)
    const { pending, due, late, messages } = await look(stores)
    onProgress(
      `${pending} images pending, ${due} outbox rows due, ${late} late removals, ${messages} messages`
    )
    const rest = pending + due + messages
    if (rest === 0 && late > 0 && Date.now() - started > LAST_UPLOAD_MS) await removeNow(stores)
    quiet = rest + late === 0 ? quiet + 1 : 0
  }
  return Math.round((Date.now() - started) / 1000)
}

async function look({ query, queues }: Stores): Promise<Rest> {
  const [rows] = await query<Omit<Rest, 'messages'>>(
    `SELECT (SELECT count(*)::integer FROM product_images WHERE status = 'pending') AS pending,
      (SELECT count(*)::integer FROM outbox WHERE NOT (${LATE})) AS due,
      (SELECT count(*)::integer FROM outbox WHERE ${LATE}) AS late`
  )
  const { pending = 0, due = 0, late = 0 } = rows ?? {}
  // Listing the queues costs a second of CPU.
  const states = pending + due === 0 && queues ? await queues() : { ready: 0, unacknowledged: 0 }
  return { pending, due, late, messages: states.ready + states.unacknowledged }
}

async function removeNow({ query }: Stores): Promise<void> {
  await query(`UPDATE outbox SET due_at = now(), scheduled = false WHERE ${LATE}`)
}
