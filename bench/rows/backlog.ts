import type { Row } from '../row.ts'
import type { Estate } from '../world.ts'

export const row: Row = {
  name: 'backlog',
  title: 'create and claim with a large backlog of owed rows',
  ceiling: 'the same with none',
  figures: [{ name: 'rate', unit: 'creates and claims/s', reach: { atLeast: 0.9 } }],
  async open(world, { seconds, owed }, stack) {
    const open = async (rows: number) => {
      const estate = await world.estate(stack)
      await owe(estate, rows)
      const name = rows > 0 ? 'with backlog' : 'without'
      const [program] = await world.program(name, 'owe-and-claim.ts', estate, stack)
      return async () => {
        const close = world.accounts.open()
        const { perSecond } = await program.ask<{ perSecond: number }>({ seconds })
        return { values: { rate: perSecond }, usage: close() }
      }
    }
    const [none, backlog] = [await open(0), await open(owed)]
    return { ceiling: none, ours: backlog }
  }
}

/** Due rows, each of a product of its own. */
async function owe({ query }: Estate, rows: number): Promise<void> {
  await query(
    `INSERT INTO products (user_id, product_name, product_price, product_images, version)
     SELECT 1, 'Desk ' || n, 1, ARRAY['http://a.test/1'], 1 FROM generate_series(1, $1::integer) AS n`,
    [rows]
  )
  await query(
    `INSERT INTO outbox (kind, product_id, due_at) SELECT 'images', id, now() - id * interval '1 ms' FROM products`
  )
  await query('VACUUM ANALYZE products, outbox')
}
