import t from 'tap'
import { audited } from '../../../lib/audit/audit.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'

for (const [name, open] of Object.entries({ embedded: embeddedDatabase, real: realDatabase })) {
  t.test(`${name}: an act and its record are one commit`, async (t) => {
    const { pool }: Database = await open(t)
    const act = { actor: 'key:1', act: 'user.add', subject: { username: 'ada' } }
    const add = (username: string) =>
      audited(pool, act, async (client) => {
        await client.query('INSERT INTO users (username) VALUES ($1)', [username])
        return username
      })
    const acts = async () => (await pool.query('SELECT actor, act, subject FROM audit')).rows
    t.equal(await add('ada'), 'ada')
    t.strictSame(await acts(), [act])
    await t.rejects(add('a'.repeat(101)), { code: '22001' })
    await t.rejects(audited(pool, { ...act, act: '\0' }, (client) => client.query('DELETE FROM products')))
    t.strictSame(await acts(), [act])
  })
}
