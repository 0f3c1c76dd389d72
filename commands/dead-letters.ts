import { parseArgs } from 'node:util'
import type { Config } from '../lib/config/config.ts'
import { ConfigError } from '../lib/config/error.ts'
import { type DeadLetter, DeadLetters } from '../lib/rabbitmq/dead-letters.ts'
import { RABBITMQ } from '../lib/rabbitmq/server.ts'
import { reachServer } from '../lib/startup/wait-for-server.ts'
import { positive, UsageError } from './arguments.ts'

export const usage = `asyncprod dead list [--limit 50]      the oldest dead letters and why they are dead
asyncprod dead show <id>              one of them, whole
asyncprod dead replay <id…> | --all   back to the image queue
asyncprod dead purge <id…> | --all    deleted for good`

/** `asyncprod dead …`: messages that could not be parsed. */
export async function dead(config: Config, args: string[]): Promise<void> {
  const { rabbitmq } = config
  if (!rabbitmq)
    throw new ConfigError(
      'RABBITMQ_URL is not set: without RabbitMQ there are no dead letters, look at `asyncprod failed list`'
    )
  const options = {
    limit: { type: 'string', default: '50' },
    all: { type: 'boolean', default: false }
  } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [action, ...ids] = positionals
  const letters = await reachServer(RABBITMQ, () => DeadLetters.open(rabbitmq))
  try {
    await run(letters, action, { ids, all: values.all, limit: positive('--limit', values.limit) })
  } finally {
    await letters.close()
  }
}

interface Choice {
  ids: string[]
  all: boolean
  limit: number
}

async function run(
  letters: DeadLetters,
  action: string | undefined,
  { ids, all, limit }: Choice
): Promise<void> {
  const chosen = ({ id }: DeadLetter) => all || ids.includes(id)
  if (action === 'list')
    return console.table(
      (await letters.list(limit)).map(({ body, ...letter }) => ({ ...letter, body: body.slice(0, 60) }))
    )
  if (action === 'show') return console.log((await letters.list(Number.POSITIVE_INFINITY)).filter(chosen))
  if (action !== 'replay' && action !== 'purge') throw new UsageError(usage)
  if (!all && ids.length === 0) throw new UsageError(usage)
  console.log(`${action === 'replay' ? 'Sent again' : 'Deleted'}: ${await letters[action](chosen)}`)
}
