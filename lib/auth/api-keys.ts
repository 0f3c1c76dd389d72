import { createHash, timingSafeEqual } from 'node:crypto'
import { Caller } from './caller.ts'

const MAX_ID = 2_147_483_647
/** Shorter ones can be guessed. */
const MIN_LENGTH = 16
/** Placeholders that examples contain instead of a key. */
const PLACEHOLDER =
  /^[<[{].*[>\]}]$|change.?me|replace.?(me|this)|your.?(api.?|secret.?)?key|example|placeholder/i

/** A key; only its digest is kept. */
interface ApiKey {
  digest: Buffer
  caller: Caller
}

/** The keys that callers authenticate with. */
export class ApiKeys {
  readonly #keys: ApiKey[]

  /**
   * `text` is a comma-separated list of `key` (for all users), `key:read` (for all users, to read only) and
   * `key:user_id` (for one). Throws if an entry is none of them: a mistyped user id would make a key for all
   * users.
   */
  constructor(text: string) {
    this.#keys = text.split(',').map((entry) => parse(entry.trim()))
    const digests = this.#keys.map(({ digest }) => digest.toString('hex'))
    if (new Set(digests).size < digests.length) throw new Error('it must not contain a key twice')
  }

  /** Returns undefined for an unknown key. All digests are compared, so the time reveals nothing. */
  find(key: string): Caller | undefined {
    const digest = digestOf(key)
    let found: Caller | undefined
    for (const known of this.#keys) if (timingSafeEqual(known.digest, digest)) found = known.caller
    return found
  }
}

function parse(entry: string): ApiKey {
  const [, key = entry, scope] = /^(.*):(.*)$/s.exec(entry) ?? []
  const isReadOnly = scope === 'read'
  const id = scope === undefined || isReadOnly ? undefined : parseUserId(scope)
  checkKey(key)
  const digest = digestOf(key)
  const name = `key:${digest.toString('hex', 0, 8)}`
  return { digest, caller: new Caller(name, id, { isReadOnly }) }
}

function checkKey(key: string): void {
  if (PLACEHOLDER.test(key)) throw new Error('a key is still an example; `openssl rand -hex 24` makes one')
  if (/[^\x21-\x7e]/.test(key)) throw new Error('a key must consist of visible ASCII characters')
  if (key.length < MIN_LENGTH)
    throw new Error(`a key must have at least ${MIN_LENGTH} characters; \`openssl rand -hex 24\` makes one`)
}

function parseUserId(text: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : 0
  if (id < 1 || id > MAX_ID)
    throw new Error(`a colon must be followed by read, or by a user id from 1 to ${MAX_ID}`)
  return id
}

const digestOf = (key: string) => createHash('sha256').update(key).digest()
