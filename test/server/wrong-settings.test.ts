import pg from 'pg'
import t from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { linkedServers } from '../support/links.ts'
import { needsServices } from '../support/servers/needs.ts'

/** With these settings a start ends at once, and this is why. */
interface Case {
  name: string
  settings: (good: Record<string, string>) => Record<string, string>
  message: RegExp
}

const replaced = (url = '', change: (url: URL) => unknown) => {
  const copy = new URL(url)
  change(copy)
  return copy.href
}

const CASES: Case[] = [
  {
    name: 'a database that does not exist',
    settings: ({ DATABASE_URL }) => ({
      DATABASE_URL: replaced(DATABASE_URL, (url) => {
        url.pathname = '/none'
      })
    }),
    message:
      /^PostgreSQL cannot be used: database "none" does not exist. Create .*DATABASE_URL \(or DB_NAME\)/
  },
  {
    name: 'a database user that does not exist',
    settings: ({ DATABASE_URL }) => ({
      DATABASE_URL: replaced(DATABASE_URL, (url) => {
        url.username = 'nobody'
      })
    }),
    message: /^PostgreSQL cannot be used: role "nobody" does not exist. Set .*DATABASE_URL \(or DB_USER\)/
  },
  {
    name: 'a database user without rights',
    settings: ({ DATABASE_URL }) => ({
      DATABASE_URL: replaced(DATABASE_URL, (url) => {
        url.username = 'reader'
      })
    }),
    message: /^PostgreSQL cannot be used: permission denied .*Grant .*DATABASE_URL/
  },
  {
    name: 'a database that is not UTF-8',
    settings: ({ DATABASE_URL }) => ({
      DATABASE_URL: replaced(DATABASE_URL, (url) => {
        url.pathname = `${url.pathname}_latin1`
      })
    }),
    message: /^PostgreSQL cannot be used: the database is encoded in LATIN1 .*ENCODING 'UTF8'.*DATABASE_URL/
  },
  {
    name: 'a Redis user that does not exist',
    settings: ({ REDIS_URL }) => ({
      REDIS_URL: replaced(REDIS_URL, (url) => {
        url.username = 'nobody'
        url.password = 'hunter2'
      })
    }),
    message: /^Redis cannot be used: WRONGPASS .*Set .*REDIS_URL/
  },
  {
    name: 'a bucket that does not exist',
    settings: () => ({ AWS_BUCKET_NAME: 'none' }),
    message: /^The object store cannot be used: .*Create the bucket, .*AWS_BUCKET_NAME/
  },
  {
    name: 'a secret key that is wrong',
    settings: () => ({ AWS_SECRET_KEY: 'hunter2' }),
    message: /^The object store cannot be used: .*AWS_ACCESS_KEY and AWS_SECRET_KEY/
  }
]

t.test('a setting that is wrong ends the start at once, and is named', needsServices, async (t) => {
  const { links, settings } = await linkedServers(t)
  for (const link of Object.values(links)) await link.open()
  const client = new pg.Client({ connectionString: settings.DATABASE_URL })
  await client.connect()
  t.teardown(() => client.end())
  const name = new URL(settings.DATABASE_URL ?? '').pathname.slice(1)
  await client.query('DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN END $$')
  await client.query(`CREATE DATABASE "${name}_latin1" ENCODING 'LATIN1' TEMPLATE template0`)
  t.teardown(() => client.query(`DROP DATABASE "${name}_latin1" WITH (FORCE)`))

  for (const { name, settings: change, message } of CASES) {
    t.test(name, async (t) => {
      const stream = new LogStream()
      const variables = { ...settings, ...change(settings) }
      const start = buildTestApp(t, variables, { logger: { level: 'warn', stream } })
      const error = await start.then(
        () => new Error('it started'),
        (error: Error) => error
      )
      t.match(error, { name: 'StartError', message })
      t.notMatch(error.message, 'hunter2')
      t.notMatch(stream.entries.map(({ msg }) => msg).join(), 'trying again')
    })
  }
})
