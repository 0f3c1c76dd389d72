import { resolve } from 'node:path'
import { ConfigError } from './error.ts'
import type { Settings } from './settings.ts'

/** Throws a ConfigError where an embedded part would surprise: between processes, and in production. */
export function refuseEmbeddedParts(s: Settings): void {
  const database = s.DATABASE_URL ?? s.DB_HOST
  // Processes cannot share a cache in the memory of one of them, or files on one machine.
  const missing = [
    ...(database ? [] : ['DATABASE_URL (or DB_HOST)']),
    ...((s.REDIS_URL ?? s.REDIS_HOST ?? s.REDIS_ADDR) ? [] : ['REDIS_URL (or REDIS_HOST)']),
    ...((s.AWS_BUCKET_NAME ?? s.AWS_S3_BUCKET) ? [] : ['AWS_BUCKET_NAME'])
  ]
  if (s.ROLE !== 'all' && missing.length > 0)
    throw new ConfigError(
      `ROLE=${s.ROLE} shares its work with other processes, so it needs real servers: ` +
        `set ${missing.join(', ')}, or use ROLE=all`
    )
  if (s.NODE_ENV === 'production' && !database && !s.EMBEDDED)
    throw new ConfigError(
      'NODE_ENV=production needs a database: set DATABASE_URL (or DB_HOST), ' +
        `or EMBEDDED=allowed to keep products in ${resolve(s.DATA_DIR)}`
    )
}
