import pg from 'pg'
import t, { type Test } from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { createFolder } from '../../support/servers/guard.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const COMBINED = 'Cafe\u0301'

/** Names that are the same but for case and composition. */
const SAME = [
  ['Café', 'CAFÉ', 'café', COMBINED, COMBINED.toUpperCase(), 'a café (new)'],
  ['Ärmel', 'ÄRMEL', 'A\u0308rmel'],
  ['ёлка', 'ЁЛКА', 'Ёлка'],
  ['안녕', '안녕'.normalize('NFD')],
  ['WiFi', 'WIFI', 'wifi'],
  ['1.5 (É) [x]', '1.5 (é) [X]']
]

async function findsNames(t: Test, settings: Record<string, string>) {
  const app = await buildTestApp(t, settings)
  const all = [...SAME.flat(), 'Cafe', '115 (É) [x]', 'other']
  for (const product_name of all) await app.products.create({ user_id: 1, product_name })
  for (const same of SAME)
    for (const searched of same.slice(0, same.length - Number(same.includes('a café (new)')))) {
      const url = `/api/v1/products?product_name=${encodeURIComponent(searched)}`
      const found = (await app.inject(url))
        .json()
        .map((product: { product_name: string }) => product.product_name)
      t.strictSame(found.sort(), same.toSorted(), searched)
    }
}

t.test('names are found in any case and composition in the embedded database', (t) =>
  findsNames(t, { DATA_DIR: createFolder('names') })
)

for (const [locale, options] of [
  ['C', `LOCALE 'C'`],
  ['C.UTF-8', `LOCALE 'C.UTF-8'`],
  ['tr-TR', `LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'`]
])
  t.test(
    `names are found in any case and composition in a database of locale ${locale}`,
    needsServices,
    async (t) => {
      const url = new URL((await sharedPostgres(t)).url)
      const admin = new pg.Client({ connectionString: url.href })
      await admin.connect()
      const name = `test_${crypto.randomUUID()}`
      await admin.query(`CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8' ${options}`)
      t.teardown(async () => {
        await admin.query(`DROP DATABASE "${name}" WITH (FORCE)`)
        await admin.end()
      })
      url.pathname = `/${name}`
      await findsNames(t, { DATABASE_URL: url.href })
    }
  )
