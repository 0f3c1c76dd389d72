import t, { type Test } from 'tap'
import { Notifications } from '../../../lib/database/notifications.ts'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

async function connected(t: Test, connectionString: string): Promise<ProductChangeFeed> {
  const notifications = new Notifications({ connectionString, log: createLog() })
  t.teardown(() => notifications.close())
  const signal = new ProductChangeFeed(notifications)
  const { promise, resolve } = Promise.withResolvers<void>()
  // A new connection rings for everything that is watched.
  signal.watch(-1, resolve)
  notifications.start()
  await promise
  return signal
}

t.test('who watches a product is told of its changes, until they have seen enough', async (t) => {
  const signal = new ProductChangeFeed(null)
  const told: string[] = []
  const endFirst = signal.watch(7, () => told.push('first'))
  const endSecond = signal.watch(7, () => told.push('second'))
  signal.watch(8, () => told.push('another product'))
  signal.tell(7)
  endFirst()
  signal.tell(7)
  endSecond()
  signal.tell(7)
  t.strictSame(told, ['first', 'second', 'second'])
})

t.test('a watch that ends twice ends nobody else’s', async (t) => {
  const signal = new ProductChangeFeed(null)
  const told: string[] = []
  const end = signal.watch(7, () => told.push('first'))
  end()
  signal.watch(7, () => told.push('second'))
  end()
  signal.tell(7)
  t.strictSame(told, ['second'])
})

t.test('many changes reach the watchers of another process', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [here, there] = await Promise.all([connected(t, url), connected(t, url)])
  // More than fit into one notification, and ids as long as they get.
  const ids = Array.from({ length: 2000 }, (_, i) => 2_147_483_647 - i)
  const heard = ids.map((id) => new Promise<void>((resolve) => there.watch(id, resolve)))
  for (const id of ids) here.tell(id)
  await t.resolves(Promise.all(heard))
})
