import { resolve } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { ApiKeys } from '../auth/api-keys.ts'
import type { TokenOptions } from '../auth/jwt.ts'
import { type AddressPolicy, parseNetworks, parsePorts } from '../egress/address-policy.ts'
import { checkSourceUrl } from '../egress/source-url.ts'
import { ConfigError, checkUrl, checkUrlWithoutLogin, parse } from './error.ts'
import {
  type Bucket,
  bucket,
  type DatabaseServer,
  database,
  type RedisServer,
  rabbitmq,
  redis
} from './servers.ts'
import { Settings } from './settings.ts'

/** How callers show who they are; each way may be there or not. */
export interface Auth {
  keys: ApiKeys | null
  tokens: TokenOptions | null
}

/** The settings as the program uses them: each server is there as a whole, or null and embedded. */
export interface Config extends Settings {
  database: DatabaseServer | null
  redis: RedisServer | null
  rabbitmq: string[] | null
  bucket: Bucket | null
  /** Where source images may be downloaded from. */
  sources: AddressPolicy
  /** Null when nobody is asked who they are. */
  auth: Auth | null
}

/**
 * Reads the settings from a set of variables (`process.env`, or a test's own object). Empty or blank means not set.
 * Throws a ConfigError that names the variable when one cannot be used.
 */
export function loadConfig(variables: Record<string, string | undefined>): Config {
  const settings = readSettings(variables)
  refuseLonelySettings(variables)
  const config: Config = {
    ...settings,
    DATA_DIR: resolve(settings.DATA_DIR),
    database: database(settings),
    redis: redis(settings),
    rabbitmq: rabbitmq(settings),
    bucket: bucket(settings),
    auth: auth(settings),
    sources: {
      networks: parse('ALLOWED_SOURCE_NETWORKS', settings.ALLOWED_SOURCE_NETWORKS, parseNetworks),
      ports: parse('ALLOWED_SOURCE_PORTS', settings.ALLOWED_SOURCE_PORTS, parsePorts)
    }
  }
  if (config.TRUST_PROXY) parse('TRUST_PROXY', config.TRUST_PROXY, parseNetworks)
  checkCorsOrigin(config)
  checkPublicBaseUrl(config)
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) {
    checkUrl('OTEL_EXPORTER_OTLP_ENDPOINT', config.OTEL_EXPORTER_OTLP_ENDPOINT, ['http:', 'https:'])
  }
  checkWebhookUrl(config)
  refuseSharedEmbeddedParts(config)
  return config
}

/** Settings that say nothing without one of others: who set them means a server, and would get an embedded part instead. */
const LONELY: [settings: string[], without: string[]][] = [
  [
    ['DB_USER', 'DB_PASSWORD', 'DB_NAME'],
    ['DB_HOST', 'DATABASE_URL']
  ],
  [['WEBHOOK_SECRET'], ['WEBHOOK_URL']]
]

function refuseLonelySettings(variables: Record<string, string | undefined>): void {
  const isSet = (name: string) => Boolean(variables[name]?.trim())
  for (const [settings, others] of LONELY) {
    const lonely = settings.find(isSet)
    if (lonely && !others.some(isSet))
      throw new ConfigError(`${lonely} says nothing without ${others.join(' or ')}: set that, too`)
  }
}

function readSettings(variables: Record<string, string | undefined>): Settings {
  const known = Object.keys(Settings.properties)
  const data = Object.fromEntries(
    known.map((name) => [name, variables[name]]).filter(([, value]) => value?.trim())
  )
  // Without strictNumbers Infinity is too large a number; with it, for Ajv, it is none and has no limits.
  // That the schema is one is for a test to see: to compile the schema of all schemas was 3% of a start, measured.
  // And what is validated once need not be compiled to the fastest code.
  const ajv = new Ajv({
    coerceTypes: true,
    useDefaults: true,
    strictNumbers: false,
    validateSchema: false,
    code: { optimize: false }
  })
  const settings: Record<string, unknown> = { ...data }
  if (ajv.validate<Settings>(Settings, settings)) return settings
  throw new ConfigError((ajv.errors ?? []).map((error) => explain(error, data)).join('; '))
}

function explain({ instancePath, message, params }: ErrorObject, data: Record<string, unknown>): string {
  const name = instancePath.slice(1)
  const allowed = 'allowedValues' in params ? `: ${String(params.allowedValues).replaceAll(',', ', ')}` : ''
  return `${name}=${data[name]} cannot be used: it ${message}${allowed}`
}

function auth(s: Settings): Auth | null {
  const keys = s.API_KEYS ? parse('API_KEYS', s.API_KEYS, (text) => new ApiKeys(text)) : null
  const tokens = tokenOptions(s)
  return keys || tokens ? { keys, tokens } : null
}

function tokenOptions(s: Settings): TokenOptions | null {
  if (s.JWT_SECRET && s.JWKS_URL) {
    throw new ConfigError('JWT_SECRET and JWKS_URL exclude each other: set the one that your issuer uses')
  }
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = s
  if (s.JWT_SECRET) return { trust: { secret: s.JWT_SECRET }, issuer, audience }
  if (s.JWKS_URL) {
    return {
      trust: { jwksUrl: checkUrlWithoutLogin('JWKS_URL', s.JWKS_URL, ['https:', 'http:']) },
      issuer,
      audience
    }
  }
  if (issuer || audience) {
    throw new ConfigError(
      'JWT_ISSUER and JWT_AUDIENCE say nothing without JWT_SECRET or JWKS_URL: set one of these, too'
    )
  }
  return null
}

function checkCorsOrigin({ CORS_ORIGIN }: Config): void {
  if (CORS_ORIGIN === '*') return
  for (const origin of CORS_ORIGIN.split(',').map((text) => text.trim())) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    throw new ConfigError(
      `CORS_ORIGIN cannot be used: "${origin}" is no origin: write it as https://shop.example, with no path`
    )
  }
}

function checkPublicBaseUrl(config: Config): void {
  if (config.PUBLIC_BASE_URL)
    checkUrlWithoutLogin('PUBLIC_BASE_URL', config.PUBLIC_BASE_URL, ['http:', 'https:'])
}

function checkWebhookUrl({ WEBHOOK_URL, sources }: Config): void {
  const problem = WEBHOOK_URL && checkSourceUrl(WEBHOOK_URL, sources)
  if (!problem) return
  throw new ConfigError(
    `WEBHOOK_URL cannot be used: it ${problem}. A receiver of your own network needs ALLOWED_SOURCE_NETWORKS`
  )
}

/** Two processes cannot share a cache that lives in one of them, nor files that lie beside one of them. */
function refuseSharedEmbeddedParts(config: Config): void {
  if (config.ROLE === 'all') return
  const missing = []
  if (!config.database) missing.push('DATABASE_URL (or DB_HOST)')
  if (!config.redis) missing.push('REDIS_URL (or REDIS_HOST)')
  if (!config.bucket) missing.push('AWS_BUCKET_NAME')
  if (missing.length > 0) {
    throw new ConfigError(
      `ROLE=${config.ROLE} shares its work with other processes, so it needs real servers: set ${missing.join(', ')}, or use ROLE=all`
    )
  }
}
