import { parseArgs } from 'node:util'
import { type Action, cancelAction, listActions, startAction } from '../client/src/index.ts'
import type { Config } from '../lib/config/config.ts'
import { IMAGE_ERROR_CODES } from '../lib/image/error.ts'
import { ACTS } from '../lib/products/acts.ts'
import { oneOf, positive, UsageError } from './arguments.ts'
import { CONNECTION_OPTIONS, throwingClientOf } from './service-client.ts'

export const usage = `\
asyncprod actions start <action> [filter] [--dry-run]     to all images that match; --dry-run only counts them
  actions: ${ACTS.join(', ')}
  filter: [--status <status>] [--code <code>] [--host <host>] [--user <id>] [--product <id>] [--external-id <id>]
    [--min-age <seconds>] [--max-age <seconds>] [--text <part of the reason>]
asyncprod actions list [--limit 20]   the newest, and how far they are
asyncprod actions cancel <id>
  all of these: [--url <address>] [--key-file <file>]         by a running service`

const STATUSES = ['pending', 'done', 'failed'] as const

/** `asyncprod actions …`: what a running service does to all images that match a filter. */
export async function actions(config: Config, args: string[]): Promise<void> {
  const text = { type: 'string' } as const
  const options = {
    ...CONNECTION_OPTIONS,
    ...{ status: text, code: text, host: text, user: text, product: text, 'external-id': text },
    ...{ 'min-age': text, 'max-age': text, text },
    limit: { type: 'string', default: '20' },
    'dry-run': { type: 'boolean', default: false }
  } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [verb, subject, ...rest] = positionals
  if (rest.length > 0) throw new UsageError(usage)
  if (verb === 'list' && subject === undefined) {
    const query = { limit: Math.min(positive('--limit', values.limit), 200) }
    const client = await throwingClientOf(values, config)
    const { data } = await listActions({ client, query, throwOnError: true })
    return print(data.actions)
  }
  if (verb === 'cancel' && subject !== undefined) {
    const path = { id: positive('An action’s id', subject) }
    const client = await throwingClientOf(values, config)
    const { data } = await cancelAction({ client, path, throwOnError: true })
    return print([data])
  }
  if (verb !== 'start' || subject === undefined) throw new UsageError(usage)
  const body = {
    action: oneOf('action', subject, ACTS),
    filter: filterOf(values),
    dry_run: values['dry-run']
  }
  const client = await throwingClientOf(values, config)
  const { data } = await startAction({ client, body, throwOnError: true })
  if ('is_exact' in data) console.log(`Images that match: ${data.is_exact ? '' : 'at least '}${data.images}`)
  else print([data])
}

type Given = Partial<
  Record<
    'status' | 'code' | 'host' | 'user' | 'product' | 'external-id' | 'min-age' | 'max-age' | 'text',
    string
  >
>

function filterOf({ status, code, host, user, product, text, ...given }: Given) {
  const { 'external-id': external_id, 'min-age': min, 'max-age': max } = given
  return {
    ...(status !== undefined && { status: oneOf('status', status, STATUSES) }),
    ...(code !== undefined && { code: oneOf('code', code, IMAGE_ERROR_CODES) }),
    ...(host !== undefined && { host }),
    ...(user !== undefined && { user_id: positive('--user', user) }),
    ...(product !== undefined && { product_id: positive('--product', product) }),
    ...(external_id !== undefined && { external_id }),
    ...(min !== undefined && { min_age_s: positive('--min-age', min) }),
    ...(max !== undefined && { max_age_s: positive('--max-age', max) }),
    ...(text !== undefined && { text })
  }
}

function print(found: Action[]): void {
  if (found.length === 0) console.log('There are no actions.')
  else
    console.table(
      found.map(({ id, action, state, images, seen, changed, actor, filter }) => {
        return { id, action, state, images, seen, changed, actor, filter: JSON.stringify(filter) }
      })
    )
}
