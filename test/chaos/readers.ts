import { setTimeout as wait } from 'node:timers/promises'
import { Session, type Shared } from './session.ts'

const EVERY_MS = 20

/** Reads recent and old products until the signal stops it. */
export async function readOn(shared: Shared, random: () => number, stop: AbortSignal): Promise<void> {
  const session = new Session(shared, random)
  while (!stop.aborted) {
    const { products } = shared.ledger
    const among = random() < 0.8 ? Math.min(30, products.length) : products.length
    const product = products.at(-1 - Math.floor(random() * among))
    if (product) await session.read(product)
    await wait(EVERY_MS)
  }
}
