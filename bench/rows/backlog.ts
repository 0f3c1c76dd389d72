import type { Setup } from '../environment.ts'
import type { Row } from '../row.ts'

export const row: Row = {
  name: 'backlog',
  title: 'create and claim with a large backlog of due rows',
  baseline: 'the same with none',
  figures: [{ name: 'rate', unit: 'creates and claims/s', reach: { atLeast: 0.9 } }],
  async open(environment, { seconds, backlog: size }, stack) {
    const open = async (name: string, rows: number) => {
      const setup = await environment.setup(stack)
      await fill(setup, { products: size, rows })
      const [program] = await environment.program(
        name,
        'enqueue-and-claim.ts',
        { databaseUrl: setup.databaseUrl },
        stack
      )
      return async () => {
        const close = environment.accounts.open()
        const { perSecond } = await program.ask<{ perSecond: number }>({ seconds })
        return { values: { rate: perSecond }, usage: close() }
      }
    }
    const [none, backlog] = [await open('without', 0), await open('with backlog', size)]
    return { baseline: none, ours: backlog }
  }
}

/**
 * The same number of products on both sides: PostgreSQL keeps its plan for an image's product, and a plan
 * made for an empty table is slow once it has filled. Each due row has a product of its own.
 */
async function fill({ query }: Setup, { products, rows }: { products: number; rows: number }): Promise<void> {
  await query(
    `INSERT INTO products (user_id, product_name, product_price, product_images, version)
     SELECT 1, 'Desk ' || n, 1, ARRAY['http://a.test/1'], 1 FROM generate_series(1, $1::integer) AS n`,
    [products]
  )
  await query(
    `INSERT INTO outbox (kind, user_id, product_id, due_at)
     SELECT 'images', user_id, id, now() - id * interval '1 ms' FROM products ORDER BY id LIMIT $1`,
    [rows]
  )
  await query('VACUUM ANALYZE products, outbox')
}
