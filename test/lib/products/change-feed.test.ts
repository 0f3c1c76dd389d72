import t, { type Test } from 'tap'
import { Notifications } from '../../../lib/database/notifications.ts'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

async function connected(t: Test, connectionString: string): Promise<ProductChangeFeed> {
  const notifications = new Notifications({ connectionString, log: createLog() })
  t.teardown(() => notifications.close())
  const feed = new ProductChangeFeed(notifications)
  const { promise, resolve } = Promise.withResolvers<void>()
  // A new connection notifies all subscribers.
  feed.subscribe(-1, resolve)
  notifications.start()
  await promise
  return feed
}

t.test('subscribers of a product are notified of its changes until they unsubscribe', async (t) => {
  const feed = new ProductChangeFeed(null)
  const notified: string[] = []
  const endFirst = feed.subscribe(7, () => notified.push('first'))
  const endSecond = feed.subscribe(7, () => notified.push('second'))
  feed.subscribe(8, () => notified.push('another product'))
  feed.publish(7)
  endFirst()
  feed.publish(7)
  endSecond()
  feed.publish(7)
  t.strictSame(notified, ['first', 'second', 'second'])
})

t.test('a subscription that is ended twice ends no other', async (t) => {
  const feed = new ProductChangeFeed(null)
  const notified: string[] = []
  const end = feed.subscribe(7, () => notified.push('first'))
  end()
  feed.subscribe(7, () => notified.push('second'))
  end()
  feed.publish(7)
  t.strictSame(notified, ['second'])
})

t.test('many changes reach the subscribers of another process', needsServices, async (t) => {
  const url = await (await sharedPostgres(t)).createDatabase()
  const [here, there] = await Promise.all([connected(t, url), connected(t, url)])
  // More than fit into one notification, and ids as long as they get.
  const ids = Array.from({ length: 2000 }, (_, i) => 2_147_483_647 - i)
  const received = ids.map((id) => new Promise<void>((resolve) => there.subscribe(id, resolve)))
  for (const id of ids) here.publish(id)
  await t.resolves(Promise.all(received))
})
