import { ConfigError } from './error.ts'
import type { Variables } from './read-settings.ts'

/**
 * Settings that have no effect without another one. Setting them alone would silently start an embedded part.
 */
const DEPENDENT: [settings: string[], on: string[]][] = [
  [
    ['DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_NAME', 'DATABASE_DIRECT_URL'],
    ['DB_HOST', 'DATABASE_URL']
  ],
  [
    ['REDIS_PORT', 'REDIS_PASSWORD'],
    ['REDIS_HOST', 'REDIS_ADDR', 'REDIS_URL']
  ],
  [['RABBITMQ_IMAGE_QUEUE'], ['RABBITMQ_URL']],
  // Not the other variables of AWS: its tools set them for themselves.
  [
    ['AWS_ACCESS_KEY', 'AWS_SECRET_KEY', 'S3_FORCE_PATH_STYLE'],
    ['AWS_BUCKET_NAME', 'AWS_S3_BUCKET']
  ],
  [['SIGNED_URL_TTL_S'], ['PRIVATE_BUCKET']],
  [['WEBHOOK_SECRET'], ['WEBHOOK_URL']]
]

/** Throws a ConfigError that names a setting without effect and what it needs. */
export function refuseSettingsWithoutEffect(variables: Variables): void {
  const isSet = (name: string) => Boolean(variables[name]?.trim())
  for (const [settings, others] of DEPENDENT) {
    const alone = settings.find(isSet)
    if (alone && !others.some(isSet))
      throw new ConfigError(`${alone} has no effect without ${others.join(' or ')}: set that, too`)
  }
}
