import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { AppError } from '../http/app-error.ts'
import { Caller } from './caller.ts'

export interface TokenOptions {
  /** A shared secret, or keys that are published at a URL. */
  trust: { secret: string } | { jwksUrl: string }
  issuer: string | undefined
  audience: string | undefined
}

export type TokenVerifier = (token: string) => Promise<Caller | AppError>

const JWKS_TIMEOUT_MS = 5000

/** The setting selects the family, not the token. Otherwise a public key could be used as an HMAC secret. */
const SHARED = ['HS256', 'HS384', 'HS512']
const PUBLISHED = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519']
]

/**
 * Returns a function that resolves with the caller of a JWT: `sub` is the id of their user, the scope `admin`
 * acts for all, `admin:read` reads for all. For a token that is not valid it resolves with the error
 * `unauthorized`, and with `unavailable` if the published keys cannot be fetched. They are fetched again for
 * an unknown key id, at most twice a minute.
 */
export function tokenVerifier({ trust, issuer, audience }: TokenOptions): TokenVerifier {
  const expected = { ...(issuer && { issuer }), ...(audience && { audience }) }
  if ('secret' in trust) {
    const key = new TextEncoder().encode(trust.secret)
    return (token) => callerOf(jwtVerify(token, key, { ...expected, algorithms: SHARED }))
  }
  const keys = createRemoteJWKSet(new URL(trust.jwksUrl), { timeoutDuration: JWKS_TIMEOUT_MS })
  return (token) => callerOf(jwtVerify(token, keys, { ...expected, algorithms: PUBLISHED }))
}

async function callerOf(verified: Promise<{ payload: JWTPayload }>): Promise<Caller | AppError> {
  let payload: JWTPayload
  try {
    ;({ payload } = await verified)
  } catch (cause) {
    return refusal(cause)
  }
  // jose does not check the type of sub.
  const { sub }: { sub?: unknown } = payload
  const userId = typeof sub === 'string' && /^[1-9]\d{0,9}$/.test(sub) ? Number(sub) : 0
  if (userId < 1 || userId > 2_147_483_647)
    return new AppError('unauthorized', 'The sub of the token must be a user id: a string of digits.')
  const granted = scopes(payload)
  if (granted.includes('admin')) return new Caller(`admin:${sub}`)
  if (granted.includes('admin:read')) return new Caller(`admin:${sub}`, undefined, { isReadOnly: true })
  return new Caller(`user:${sub}`, userId)
}

function scopes({ scope }: JWTPayload): unknown[] {
  if (Array.isArray(scope)) return scope
  return typeof scope === 'string' ? scope.split(' ') : []
}

/** A client learns what is wrong with its token, and nothing about our keys. */
function refusal(cause: unknown): AppError {
  if (cause instanceof errors.JWTExpired) return new AppError('unauthorized', 'The token has expired.')
  const code = cause instanceof errors.JOSEError ? cause.code : 'ERR_JOSE_GENERIC'
  if (!KEYS_FAILED.includes(code)) return new AppError('unauthorized', 'The token is not valid.')
  return new AppError('unavailable', 'The keys that verify tokens cannot be fetched; retry later.', [], {
    cause
  })
}

const KEYS_FAILED = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JWK_INVALID']
