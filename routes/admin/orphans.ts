import { Type } from '@sinclair/typebox'
import pLimit from 'p-limit'
import { record } from '../../lib/audit/audit.ts'
import { inTransaction } from '../../lib/database/transaction.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { listPage, type ObjectPage, orphansAmong } from '../../lib/storage/orphans.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { AfterKey, Since, tags } from './schemas.ts'

const REMOVED_AT_ONCE = 10

const After = Type.Object({ after: AfterKey })

const Page = Type.Object(
  {
    objects: Type.Array(Type.Object({ key: Type.String(), bytes: Type.Integer(), modified: Since })),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'Where the next page begins, which may be there although this page is empty'
    })
  },
  { description: 'The orphans among 1,000 objects' }
)

const description =
  'Looks at the next 1,000 objects, by ascending key. Objects younger than two JOB_TIMEOUT_MS are passed over, ' +
  'because an image may still record them.'

export const orphans: Operation = (app, { images: { jobTimeoutMs } }) => {
  app.get(
    '/orphans',
    {
      schema: {
        tags,
        operationId: 'listOrphans',
        summary: 'List objects that no image, upload or waiting removal names',
        description,
        querystring: After,
        response: { 200: Page, ...problems(403) }
      }
    },
    async ({ query: { after } }) => shown(await page(after))
  )

  app.post(
    '/orphans/remove',
    {
      schema: {
        tags,
        operationId: 'removeOrphans',
        summary: 'Remove objects that no image, upload or waiting removal names',
        description,
        body: After,
        response: { 200: Page, ...problems(403, 413, 415) }
      }
    },
    async ({ body: { after }, caller }) => {
      const found = await page(after)
      const keys = found.objects.map(({ key }) => key)
      if (keys.length > 0) {
        const subject = { objects: keys.length, first: keys[0], last: keys.at(-1) }
        // Before the act: what is removed cannot be taken back.
        await inTransaction(app.pg.pool, (client) =>
          record(client, { actor: caller.name, act: 'orphans.remove', subject })
        )
        await reached(pLimit(REMOVED_AT_ONCE).map(keys, (key) => app.objects.remove(key)))
      }
      return shown(found)
    }
  )

  async function page(after: string): Promise<ObjectPage> {
    const { objects, next } = await reached(listPage(app.objects, after))
    return { objects: await orphansAmong(app.pg.pool, objects, 2 * jobTimeoutMs), next }
  }
}

async function reached<T>(work: Promise<T>): Promise<T> {
  return await work.catch((cause: unknown) => {
    throw new AppError('unavailable', 'The object store cannot be reached; retry later.', [], { cause })
  })
}

const shown = ({ objects, next }: ObjectPage) => ({
  objects: objects.map(({ modified, ...object }) => ({ ...object, modified: modified.toISOString() })),
  next
})
