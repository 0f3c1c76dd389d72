import { isIPv6 } from 'node:net'
import { checkBaseUrl, checkServerUrl } from './checks.ts'
import { ConfigError } from './error.ts'
import type { Settings } from './settings.ts'

// Real servers, each from the settings that name it; null where an embedded part takes its place.

export type DatabaseServer = NonNullable<ReturnType<typeof database>>
export type Bucket = NonNullable<ReturnType<typeof bucket>>

const POSTGRES = ['postgres:', 'postgresql:']

export function database(s: Settings) {
  const connectionString = oneOf(
    {
      DATABASE_URL: s.DATABASE_URL && checkServerUrl('DATABASE_URL', s.DATABASE_URL, POSTGRES),
      DB_HOST: databaseUrl(s)
    },
    5432
  )
  if (!connectionString) return null
  const { DATABASE_DIRECT_URL: directUrl } = s
  return {
    connectionString,
    /** Leads past a pooler to the server itself, for work that needs a session. */
    directUrl: directUrl ? checkServerUrl('DATABASE_DIRECT_URL', directUrl, POSTGRES) : connectionString,
    /** Whether `connectionString` leads to a pooler. */
    isPooled: directUrl !== undefined
  }
}

function databaseUrl(s: Settings): string | undefined {
  if (!s.DB_HOST) return undefined
  const login = [s.DB_USER, s.DB_PASSWORD].filter((part) => part !== undefined).map(encodeURIComponent)
  const address = `${hostOf(s.DB_HOST)}:${s.DB_PORT}`
  const connectionString = `postgres://${login.join(':')}@${address}/${encodeURIComponent(s.DB_NAME)}`
  return checkAddress('DB_HOST', connectionString)
}

export function redis(s: Settings) {
  const login = s.REDIS_PASSWORD ? `:${encodeURIComponent(s.REDIS_PASSWORD)}@` : ''
  const urlOf = (name: string, address?: string) =>
    address && checkAddress(name, `redis://${login}${address}`)
  const url = oneOf(
    {
      REDIS_URL: s.REDIS_URL && checkServerUrl('REDIS_URL', s.REDIS_URL, ['redis:', 'rediss:']),
      REDIS_HOST: urlOf('REDIS_HOST', s.REDIS_HOST && `${hostOf(s.REDIS_HOST)}:${s.REDIS_PORT}`),
      // Go's clients, and so the Go service's settings, leave out the host when it is this machine.
      REDIS_ADDR: urlOf('REDIS_ADDR', s.REDIS_ADDR?.replace(/^:/, 'localhost:'))
    },
    6379
  )
  return url ? { url } : null
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
  if (s.AWS_S3_BUCKET && s.AWS_S3_BUCKET !== name)
    throw new ConfigError('AWS_BUCKET_NAME and AWS_S3_BUCKET name different buckets: unset one of them')
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

/** Returns the first URL. Throws a ConfigError if the settings name different servers. */
function oneOf(urls: Record<string, string | undefined>, defaultPort: number): string | null {
  const [first, ...others] = Object.entries(urls).flatMap(([name, url]) => (url ? [{ name, url }] : []))
  if (!first) return null
  const addressOf = (url: string) => `${new URL(url).hostname}:${new URL(url).port || defaultPort}`
  const other = others.find(({ url }) => addressOf(url) !== addressOf(first.url))
  if (!other) return first.url
  throw new ConfigError(`${first.name} and ${other.name} name different servers: unset one of them`)
}

/** `url` was built from this setting and others. */
function checkAddress(name: string, url: string): string {
  if (URL.canParse(url)) return url
  throw new ConfigError(`${name} cannot be used: it must be a host name or an address`)
}
