import { parseArgs } from 'node:util'
import {
  type Client,
  getDeadLetter,
  listDeadLetters,
  purgeDeadLetters,
  replayDeadLetters
} from '../client/src/index.ts'
import type { Config } from '../lib/config/config.ts'
import { ConfigError } from '../lib/config/error.ts'
import { type DeadLetter, DeadLetters } from '../lib/rabbitmq/dead-letters.ts'
import { RABBITMQ } from '../lib/rabbitmq/server.ts'
import { reachServer } from '../lib/startup/wait-for-server.ts'
import { positive, UsageError } from './arguments.ts'
import { CONNECTION_OPTIONS, throwingClientOf } from './service-client.ts'

export const usage = `asyncprod dead list [--limit 50]      the oldest dead letters and why they are dead
asyncprod dead show <id>              one of them, whole
asyncprod dead replay <id…> | --all   back to the image queue
asyncprod dead purge <id…> | --all    deleted for good
  all of these: [--url <address>] [--key-file <file>]         through a running service`

/** `asyncprod dead …`: messages that could not be parsed. */
export async function dead(config: Config, args: string[]): Promise<void> {
  const options = {
    ...CONNECTION_OPTIONS,
    limit: { type: 'string', default: '50' },
    all: { type: 'boolean', default: false }
  } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [action, ...ids] = positionals
  const choice = { ids, all: values.all, limit: positive('--limit', values.limit) }
  if (values.url) await runThere(await throwingClientOf(values, config), action, choice)
  else await runHere(config, action, choice)
}

async function runHere({ rabbitmq }: Config, action: string | undefined, choice: Choice): Promise<void> {
  if (!rabbitmq)
    throw new ConfigError(
      'RABBITMQ_URL is not set: without RabbitMQ there are no dead letters, look at `asyncprod failed list`'
    )
  const letters = await reachServer(RABBITMQ, () => DeadLetters.open(rabbitmq))
  try {
    await run(letters, action, choice)
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
  if (action === 'list') return print(await letters.list(limit))
  if (action === 'show') return console.log((await letters.list(Number.POSITIVE_INFINITY)).filter(chosen))
  if (action !== 'replay' && action !== 'purge') throw new UsageError(usage)
  if (!all && ids.length === 0) throw new UsageError(usage)
  console.log(`${DONE[action]}: ${await letters[action](chosen)}`)
}

async function runThere(
  client: Client,
  action: string | undefined,
  { ids, all, limit }: Choice
): Promise<void> {
  const calls = { replay: replayDeadLetters, purge: purgeDeadLetters }
  const [id, ...others] = ids
  if (action === 'list') {
    // The service lists up to 200.
    const query = { limit: Math.min(limit, 200) }
    const { data } = await listDeadLetters({ client, query, throwOnError: true })
    return print(data.dead_letters)
  }
  if (action === 'show' && id !== undefined && others.length === 0) {
    const { data } = await getDeadLetter({ client, path: { id }, throwOnError: true })
    return console.log([data])
  }
  if ((action !== 'replay' && action !== 'purge') || all === ids.length > 0) throw new UsageError(usage)
  const { data } = await calls[action]({ client, body: all ? { all } : { ids }, throwOnError: true })
  console.log(`${DONE[action]}: ${data.count}`)
}

const DONE = { replay: 'Sent again', purge: 'Deleted' }

function print(letters: { body: string }[]): void {
  console.table(letters.map(({ body, ...letter }) => ({ ...letter, body: body.slice(0, 60) })))
}
