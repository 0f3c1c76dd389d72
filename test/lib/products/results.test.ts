import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { PLACES } from '../../support/places.ts'

const FAILED = {
  status: 'failed' as const,
  code: 'timeout' as const,
  detail: 'The origin is slow.'
}

for (const { place, options, create } of PLACES)
  t.test(`results run no triggers of images that come or go (${place})`, options, async (t) => {
    const { variables } = await create(t)
    const { products, pg, controls } = await buildTestApp(t, variables)
    const pause = { kind: 'intake', subject: '', rule: 'pause', places: null, reason: null } as const
    await controls.put(pause, 'test')
    const input = { user_id: 1, product_name: 'Lamp', product_images: ['https://a.example/1.jpg'] }
    const ids = [await products.create(input), await products.create(input), await products.create(input)]
    await pg.query(`
      CREATE TABLE seen (event text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO seen VALUES (TG_OP); RETURN NULL; END $$;
      CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON product_images FOR EACH STATEMENT
        EXECUTE FUNCTION note()`)
    const seen = async () => {
      const { rows } = await pg.query<{ event: string }>('DELETE FROM seen RETURNING event')
      return [...new Set(rows.map(({ event }) => event))].toSorted()
    }
    const finish = async (id: number) => {
      const product = await products.load(id)
      if (product)
        await products.background.finish(
          product,
          product.images.map((image) => ({ image, outcome: FAILED }))
        )
    }

    await Promise.all(ids.map(finish))
    t.strictSame(await seen(), ['UPDATE'])
    const statuses = await Promise.all(ids.map(async (id) => (await products.load(id))?.images[0]?.status))
    t.strictSame(statuses, ['failed', 'failed', 'failed'])

    const [first = 0, ...others] = ids
    await products.update({ id: first }, { ...input, product_images: ['https://a.example/2.jpg'] })
    t.strictSame(await seen(), ['DELETE', 'INSERT', 'UPDATE'])
    await Promise.all(others.map((id) => products.reprocess({ id })))
    t.strictSame(await seen(), ['UPDATE'])
  })
