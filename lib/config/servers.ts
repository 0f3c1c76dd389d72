import { isIPv6 } from 'node:net'
import { ConfigError, checkUrl, checkUrlWithoutLogin } from './error.ts'
import type { Settings } from './settings.ts'

// Real servers, each from the settings that name it; null where an embedded part takes its place.

export interface DatabaseServer {
  connectionString: string
}

export interface RedisServer {
  url: string
}

export interface Bucket {
  name: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined
  endpoint: string | undefined
  forcePathStyle: boolean
}

export function database(s: Settings): DatabaseServer | null {
  if (s.DATABASE_URL)
    return { connectionString: checkUrl('DATABASE_URL', s.DATABASE_URL, ['postgres:', 'postgresql:']) }
  if (!s.DB_HOST) return null
  const login = [s.DB_USER, s.DB_PASSWORD].filter((part) => part !== undefined).map(encodeURIComponent)
  const address = `${hostOf(s.DB_HOST)}:${s.DB_PORT}`
  const connectionString = `postgres://${login.join(':')}@${address}/${encodeURIComponent(s.DB_NAME)}`
  return { connectionString: checkAddress('DB_HOST', connectionString) }
}

export function redis(s: Settings): RedisServer | null {
  if (s.REDIS_URL) return { url: checkUrl('REDIS_URL', s.REDIS_URL, ['redis:', 'rediss:']) }
  // Go's clients, and so the original's settings, leave out the host of this machine.
  const address = s.REDIS_HOST
    ? `${hostOf(s.REDIS_HOST)}:${s.REDIS_PORT}`
    : s.REDIS_ADDR?.replace(/^:/, 'localhost:')
  if (!address) return null
  const login = s.REDIS_PASSWORD ? `:${encodeURIComponent(s.REDIS_PASSWORD)}@` : ''
  return { url: checkAddress(s.REDIS_HOST ? 'REDIS_HOST' : 'REDIS_ADDR', `redis://${login}${address}`) }
}

/** The URLs of one node or of several. */
export function rabbitmq(s: Settings): string[] | null {
  if (!s.RABBITMQ_URL) return null
  return s.RABBITMQ_URL.split(',').map((url) => checkUrl('RABBITMQ_URL', url.trim(), ['amqp:', 'amqps:']))
}

export function bucket(s: Settings): Bucket | null {
  const name = s.AWS_BUCKET_NAME ?? s.AWS_S3_BUCKET
  if (!name) return null
  if (!s.AWS_ACCESS_KEY !== !s.AWS_SECRET_KEY) {
    throw new ConfigError(
      'AWS_ACCESS_KEY and AWS_SECRET_KEY belong together: set both, or neither to use the SDK’s own chain'
    )
  }
  const { AWS_ACCESS_KEY: accessKeyId, AWS_SECRET_KEY: secretAccessKey } = s
  return {
    name,
    region: s.AWS_REGION,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
    endpoint:
      s.AWS_ENDPOINT_URL_S3 &&
      checkUrlWithoutLogin('AWS_ENDPOINT_URL_S3', s.AWS_ENDPOINT_URL_S3, ['http:', 'https:']),
    forcePathStyle: s.S3_FORCE_PATH_STYLE ?? s.AWS_ENDPOINT_URL_S3 !== undefined
  }
}

/** A folder stands for the PostgreSQL socket in it. */
const hostOf = (host: string) =>
  host.startsWith('/') ? encodeURIComponent(host) : isIPv6(host) ? `[${host}]` : host

/** `url` was made of the setting and others. */
function checkAddress(name: string, url: string): string {
  if (URL.canParse(url)) return url
  throw new ConfigError(`${name} cannot be used: it must be a host name or an address`)
}
