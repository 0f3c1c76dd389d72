import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { connect } from 'amqplib'
import pg from 'pg'
import pino from 'pino'
import { type Client, getOverview } from '../client/src/index.ts'
import { connectRedis, createRedis, REDIS } from '../lib/cache/server.ts'
import type { Config } from '../lib/config/config.ts'
import { ConfigError } from '../lib/config/error.ts'
import { POSTGRES, refuseOtherEncodings } from '../lib/database/server.ts'
import { decoderFence } from '../lib/decoder/decoder.ts'
import { reasonOf } from '../lib/log/log.ts'
import { closed } from '../lib/rabbitmq/channel.ts'
import { RABBITMQ } from '../lib/rabbitmq/server.ts'
import { S3Store } from '../lib/s3.ts'
import { isDataDirInUse } from '../lib/startup/data-dir.ts'
import { reachServer, type Server, StartError } from '../lib/startup/wait-for-server.ts'
import { OBJECT_PREFIX } from '../lib/storage/object-store.ts'
import { OBJECT_STORE } from '../lib/storage/server.ts'
import { CONNECTION_OPTIONS, throwingClientOf } from './service-client.ts'

export const usage = `\
asyncprod check                        tries every server in the settings, and the public URL of an object
asyncprod check --url <address> [--key-file <file>]         whether a running service reaches its servers`

const TIMEOUT_MS = 5000

/** A server, and an attempt to use it; null if the settings name none and the embedded part is used. */
type Probe = [server: Server, attempt: (() => Promise<unknown>) | null]

/** `asyncprod check`: whether the service can work with these settings. Leaves nothing anywhere. */
export async function check(config: Config, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: CONNECTION_OPTIONS })
  if (values.url) return await checkThere(await throwingClientOf(values, config))
  const results = await Promise.all(probesOf(config).map(run))
  for (const { line } of results) console.log(line)
  const { inForce, missing } = await decoderFence()
  console.log(`Pictures are decoded in: ${inForce.join('; ')}`)
  if (missing.length > 0) console.log(`Not available on this system: ${missing.join('; ')}`)
  const failed = results.filter(({ isUsable }) => !isUsable).map(({ name }) => name)
  if (failed.length > 0) throw new ConfigError(`These cannot be used: ${failed.join(', ')}`)
  const isInUse = !config.database && isDataDirInUse(config.dataDir)
  const condition = isInUse ? `Another process works on ${config.dataDir}; when it has ended, ` : ''
  console.log(`${condition}ROLE=${config.role} can start`)
}

async function checkThere(client: Client): Promise<void> {
  const { data } = await getOverview({ client, throwOnError: true })
  const states = Object.entries(data.dependencies)
  for (const [name, state] of states) console.log(`${name}: ${state}`)
  const unavailable = states.filter(([, state]) => state === 'unavailable').map(([name]) => name)
  if (unavailable.length > 0) throw new StartError(`The service cannot use: ${unavailable.join(', ')}`)
}

async function run([server, attempt]: Probe): Promise<{ name: string; isUsable: boolean; line: string }> {
  const { name } = server
  if (!attempt) return { name, isUsable: true, line: `${name} is embedded` }
  try {
    await reachServer(server, attempt)
    return { name, isUsable: true, line: `${name} can be used` }
  } catch (error) {
    return { name, isUsable: false, line: reasonOf(error) }
  }
}

function probesOf({ database, redis, rabbitmq, bucket, images }: Config): Probe[] {
  return [
    [
      POSTGRES,
      database && (() => Promise.all([database.connectionString, database.directUrl].map(tryPostgres)))
    ],
    [REDIS, redis && (() => tryRedis(redis.url))],
    [RABBITMQ, rabbitmq && (() => Promise.any(rabbitmq.urls.map(tryRabbitmq)))],
    [OBJECT_STORE, bucket && (() => tryObjects(new S3Store(bucket, images)))]
  ]
}

async function tryPostgres(connectionString: string): Promise<void> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await refuseOtherEncodings(client)
  } finally {
    void client.end().catch(() => undefined)
  }
}

async function tryRedis(url: string): Promise<void> {
  const redis = createRedis(url, { commandTimeout: TIMEOUT_MS })
  try {
    await connectRedis(redis, pino({ level: 'silent' }))
    await redis.ping()
  } finally {
    redis.disconnect()
  }
}

async function tryRabbitmq(url: string): Promise<void> {
  const connection = await connect(url, { timeout: TIMEOUT_MS })
  connection.on('error', () => undefined)
  await closed(connection)
}

/** Stores an object, fetches it by its public URL as the clients of the API will, and removes it. */
async function tryObjects(objects: S3Store): Promise<void> {
  const key = `${OBJECT_PREFIX}.check-${randomUUID()}`
  const content = Buffer.from('asyncprod check')
  try {
    await objects.ping()
    const url = await objects.put(key, content, AbortSignal.timeout(TIMEOUT_MS)).catch((error: Error) => {
      throw error.cause ?? error
    })
    await fetchPublic(url, content).finally(() => objects.remove(key, AbortSignal.timeout(TIMEOUT_MS)))
  } finally {
    await objects.close()
  }
}

async function fetchPublic(url: string, content: Buffer): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: Error) => {
    throw notPublic(url, reasonOf(cause.cause ?? cause))
  })
  const body = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw notPublic(url, `status ${response.status} ${response.statusText}`.trimEnd())
  if (!body.equals(content)) throw notPublic(url, 'other bytes than were stored')
}

/** The images would be made, and no client could see them. */
const notPublic = (url: string, reason: string) =>
  new StartError(
    `${OBJECT_STORE.name} stores images, but their public URLs do not serve them: ${reason} from ${url}. ` +
      `Let everyone read ${OBJECT_PREFIX}* of the bucket (s3:GetObject in its policy), or set PUBLIC_BASE_URL ` +
      'to the address that serves it.'
  )
