import { isIPv6 } from 'node:net'
import { checkBaseUrl, checkServerUrl } from './checks.ts'
import { ConfigError } from './error.ts'
import type { Settings } from './settings.ts'

// Real servers, each from the settings that name it; null where an embedded part takes its place.

export type DatabaseServer = NonNullable<ReturnType<typeof database>>
export type RedisServer = NonNullable<ReturnType<typeof redis>>
export type Bucket = NonNullable<ReturnType<typeof bucket>>

const POSTGRES = ['postgres:', 'postgresql:']

export function database(s: Settings) {
  const connectionString = databaseUrl(s)
  if (!connectionString) return null
  const { DATABASE_DIRECT_URL: directUrl } = s
  return {
    connectionString,
    /** Leads to the server itself, for what needs a session. */
    directUrl: directUrl ? checkServerUrl('DATABASE_DIRECT_URL', directUrl, POSTGRES) : connectionString,
    /** Whether `connectionString` leads to a pooler. */
    isPooled: directUrl !== undefined
  }
}

function databaseUrl(s: Settings): string | null {
  if (s.DATABASE_URL) return checkServerUrl('DATABASE_URL', s.DATABASE_URL, POSTGRES)
  if (!s.DB_HOST) return null
  const login = [s.DB_USER, s.DB_PASSWORD].filter((part) => part !== undefined).map(encodeURIComponent)
  const address = `${hostOf(s.DB_HOST)}:${s.DB_PORT}`
  const connectionString = `postgres://${login.join(':')}@${address}/${encodeURIComponent(s.DB_NAME)}`
  return checkAddress('DB_HOST', connectionString)
}

export function redis(s: Settings) {
  if (s.REDIS_URL) return { url: checkServerUrl('REDIS_URL', s.REDIS_URL, ['redis:', 'rediss:']) }
  // Go's clients, and so the Go service's settings, leave out the host when it is this machine.
  const address = s.REDIS_HOST
    ? `${hostOf(s.REDIS_HOST)}:${s.REDIS_PORT}`
    : s.REDIS_ADDR?.replace(/^:/, 'localhost:')
  if (!address) return null
  const login = s.REDIS_PASSWORD ? `:${encodeURIComponent(s.REDIS_PASSWORD)}@` : ''
  return { url: checkAddress(s.REDIS_HOST ? 'REDIS_HOST' : 'REDIS_ADDR', `redis://${login}${address}`) }
}

/** `urls` name one node of a cluster or several. */
export function rabbitmq({ RABBITMQ_URL, RABBITMQ_IMAGE_QUEUE: queue }: Settings) {
  if (!RABBITMQ_URL) return null
  const urls = RABBITMQ_URL.split(',').map((url) =>
    checkServerUrl('RABBITMQ_URL', url.trim(), ['amqp:', 'amqps:'])
  )
  return { urls, queue }
}

export function bucket(s: Settings) {
  const name = s.AWS_BUCKET_NAME ?? s.AWS_S3_BUCKET
  if (!name) return null
  if (!s.AWS_ACCESS_KEY !== !s.AWS_SECRET_KEY) {
    throw new ConfigError(
      'AWS_ACCESS_KEY and AWS_SECRET_KEY belong together: set both, or neither to use the SDK’s own chain'
    )
  }
  const { AWS_ACCESS_KEY: accessKeyId, AWS_SECRET_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = s
  const endpoint = s3Endpoint(s)
  return {
    name,
    region: s.AWS_REGION ?? s.AWS_DEFAULT_REGION ?? 'us-east-1',
    credentials:
      accessKeyId && secretAccessKey
        ? { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
        : undefined,
    endpoint,
    forcePathStyle: s.S3_FORCE_PATH_STYLE ?? endpoint !== undefined
  }
}

/** The same variables in the same order as the SDK, which would read them itself. */
function s3Endpoint(s: Settings): string | undefined {
  const name = s.AWS_ENDPOINT_URL_S3 ? 'AWS_ENDPOINT_URL_S3' : 'AWS_ENDPOINT_URL'
  return s[name] && checkBaseUrl(name, s[name])
}

/** A host that begins with a slash is the folder of PostgreSQL's Unix socket. */
const hostOf = (host: string) =>
  host.startsWith('/') ? encodeURIComponent(host) : isIPv6(host) ? `[${host}]` : host

/** `url` was built from this setting and others. */
function checkAddress(name: string, url: string): string {
  if (URL.canParse(url)) return url
  throw new ConfigError(`${name} cannot be used: it must be a host name or an address`)
}
