import { resolve } from 'node:path'
import { type AddressPolicy, parseNetworks, parsePorts } from '../egress/address-policy.ts'
import { checkSourceUrl } from '../egress/source-url.ts'
import { parseRenditions } from '../image/rendition.ts'
import { VERSION } from '../version.ts'
import { auth } from './auth.ts'
import { checkBaseUrl, checkUrl, parse } from './checks.ts'
import { refuseSettingsWithoutEffect } from './dependent.ts'
import { refuseEmbeddedParts } from './embedded.ts'
import { ConfigError } from './error.ts'
import { withoutInjected } from './injected.ts'
import { refuseMisspelt } from './misspelt.ts'
import { readSettings, type Variables } from './read-settings.ts'
import { withSecretFiles } from './secret-files.ts'
import { bucket, database, rabbitmq, redis } from './servers.ts'
import type { Settings } from './settings.ts'
import { shownSettings } from './shown.ts'

/** The settings as the program uses them. A server that is null is embedded, or not used. */
export interface Config extends ReturnType<typeof toConfig> {}

/**
 * Reads the settings from a set of variables (`process.env`, or a test's own object). Empty or blank means
 * not set. Throws a ConfigError that names the variable when one cannot be used.
 */
export function loadConfig(variables: Variables): Config {
  const given = withSecretFiles(withoutInjected(variables))
  refuseMisspelt(given)
  const settings = readSettings(given)
  const config = toConfig(settings, given)
  refuseSettingsWithoutEffect(given)
  refuseEmbeddedParts(settings)
  return config
}

function toConfig(s: Settings, given: Variables) {
  const sources = sourcePolicy(s)
  return {
    role: s.ROLE,
    logLevel: s.LOG_LEVEL,
    dataDir: resolve(s.DATA_DIR),
    startupTimeoutMs: s.STARTUP_TIMEOUT_MS,
    shutdownGraceMs: s.SHUTDOWN_GRACE_MS,
    server: server(s),
    auth: auth(s),
    /** For commands that call a service. */
    serviceKey: s.ASYNCPROD_KEY,
    database: database(s),
    redis: redis(s),
    rabbitmq: rabbitmq(s),
    bucket: bucket(s),
    /** Where source images may be downloaded from. */
    sources,
    images: images(s),
    webhook: webhook(s, sources),
    tracing: tracing(s),
    /** For operators, without secrets. */
    shown: shownSettings(s, given)
  }
}

function server(s: Settings) {
  if (s.TRUST_PROXY) parse('TRUST_PROXY', s.TRUST_PROXY, parseNetworks)
  return {
    host: s.HOST,
    port: s.PORT,
    /** Undefined where metrics are served on `port` alone. */
    metricsPort: metricsPort(s),
    /** Null where it is not known. */
    publicUrl: s.PUBLIC_API_URL ? checkBaseUrl('PUBLIC_API_URL', s.PUBLIC_API_URL) : null,
    /** Null where it is not set. */
    corsOrigin: s.CORS_ORIGIN ? parse('CORS_ORIGIN', s.CORS_ORIGIN, parseOrigins) : null,
    trustProxy: s.TRUST_PROXY ?? false,
    /** Requests a minute for each caller; 0 sets no limit. */
    rateLimit: s.RATE_LIMIT_MAX,
    maxEventStreams: s.MAX_EVENT_STREAMS
  }
}

function metricsPort({ METRICS_PORT: metrics, PORT: port }: Settings) {
  if (metrics === port) throw new ConfigError('METRICS_PORT cannot be used: PORT is the same')
  return metrics
}

const USER_AGENT = `AsyncProd/${VERSION}`

function checkHeaderValue(text: string): string {
  if (/^[\x20-\x7e]+$/.test(text)) return text
  throw new Error('it must consist of printable ASCII characters')
}

/** The limits of images, from their URL to their object. */
function images(s: Settings) {
  if (s.JOB_TIMEOUT_MS < s.DOWNLOAD_TIMEOUT_MS)
    throw new ConfigError(
      `JOB_TIMEOUT_MS=${s.JOB_TIMEOUT_MS} is shorter than DOWNLOAD_TIMEOUT_MS=${s.DOWNLOAD_TIMEOUT_MS}, ` +
        'and a job contains downloads: change one of them'
    )
  if (s.PRIVATE_BUCKET && s.PUBLIC_BASE_URL && (s.AWS_BUCKET_NAME ?? s.AWS_S3_BUCKET))
    throw new ConfigError(
      'PUBLIC_BASE_URL contradicts PRIVATE_BUCKET: signed URLs lead to the bucket itself. Unset one of them'
    )
  return {
    publicBaseUrl: s.PUBLIC_BASE_URL && checkBaseUrl('PUBLIC_BASE_URL', s.PUBLIC_BASE_URL),
    /** Null where anybody may read images. */
    signedUrlTtlS: s.PRIVATE_BUCKET ? s.SIGNED_URL_TTL_S : null,
    maxPerProduct: s.MAX_IMAGES_PER_PRODUCT,
    maxSourceBytes: s.MAX_SOURCE_BYTES,
    maxSourcePixels: s.MAX_SOURCE_PIXELS,
    jpegEncoder: s.JPEG_ENCODER,
    /** Beside the JPEG. */
    renditions: s.RENDITIONS ? parse('RENDITIONS', s.RENDITIONS, parseRenditions) : [],
    placeholders: s.PLACEHOLDERS,
    keepOriginals: s.KEEP_ORIGINALS,
    downloadTimeoutMs: s.DOWNLOAD_TIMEOUT_MS,
    userAgent: parse('SOURCE_USER_AGENT', s.SOURCE_USER_AGENT?.trim() ?? USER_AGENT, checkHeaderValue),
    jobTimeoutMs: s.JOB_TIMEOUT_MS,
    retry: { maxAttempts: s.MAX_ATTEMPTS, baseMs: s.RETRY_BASE_MS },
    /** Images compressed at once; undefined fits it to cores and memory. */
    concurrency: s.WORKER_CONCURRENCY
  }
}

function sourcePolicy(s: Settings): AddressPolicy {
  return {
    networks: parse('ALLOWED_SOURCE_NETWORKS', s.ALLOWED_SOURCE_NETWORKS, parseNetworks),
    ports: parse('ALLOWED_SOURCE_PORTS', s.ALLOWED_SOURCE_PORTS, parsePorts)
  }
}

const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/

function webhook({ WEBHOOK_URL: url, WEBHOOK_SECRET: secret }: Settings, sources: AddressPolicy) {
  if (!url) return null
  if (secret?.startsWith('whsec_') && !BASE64.test(secret.slice('whsec_'.length)))
    throw new ConfigError('WEBHOOK_SECRET cannot be used: it must be base64 after whsec_')
  const checked = checkSourceUrl(url, sources)
  if ('url' in checked) return { url: checked.url, secret }
  throw new ConfigError(
    `WEBHOOK_URL cannot be used: it ${checked.problem}. A receiver in a private network needs ALLOWED_SOURCE_NETWORKS`
  )
}

function tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Settings) {
  return endpoint
    ? { endpoint: checkUrl('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint, ['http:', 'https:']) }
    : null
}

function parseOrigins(text: string): '*' | string[] {
  if (text === '*') return '*'
  const origins = text.split(',').map((origin) => origin.trim())
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
  if (wrong === undefined) return origins
  throw new Error(`"${wrong}" is not an origin: write it as https://shop.example, without a path`)
}
