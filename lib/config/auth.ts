import { ApiKeys } from '../auth/api-keys.ts'
import type { TokenOptions } from '../auth/jwt.ts'
import { checkUrlWithoutLogin, parse } from './checks.ts'
import { ConfigError } from './error.ts'
import type { Settings } from './settings.ts'

/** How callers authenticate. */
export interface Auth {
  keys: ApiKeys | null
  tokens: TokenOptions | null
}

/** Returns null when no setting asks for credentials. */
export function auth(s: Settings): Auth | null {
  const keys = s.API_KEYS ? parse('API_KEYS', s.API_KEYS, (text) => new ApiKeys(text)) : null
  const tokens = tokenOptions(s)
  return keys || tokens ? { keys, tokens } : null
}

function tokenOptions(s: Settings): TokenOptions | null {
  const { JWT_SECRET: secret, JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = s
  if (secret && url)
    throw new ConfigError('JWT_SECRET and JWKS_URL exclude each other: set the one that your issuer uses')
  if (secret) return { trust: { secret }, issuer, audience }
  if (url) {
    const jwksUrl = checkUrlWithoutLogin('JWKS_URL', url, ['https:', 'http:'])
    return { trust: { jwksUrl }, issuer, audience }
  }
  if (!issuer && !audience) return null
  throw new ConfigError(
    'JWT_ISSUER and JWT_AUDIENCE have no effect without JWT_SECRET or JWKS_URL: set one of these'
  )
}
