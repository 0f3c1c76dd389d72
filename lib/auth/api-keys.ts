import { createHash, timingSafeEqual } from 'node:crypto'
import { Caller } from './caller.ts'

const MAX_ID = 2_147_483_647

/** What is kept of a key: its digest, and whom it stands for. */
interface ApiKey {
  digest: Buffer
  caller: Caller
}

/** The keys that callers are known by. */
export class ApiKeys {
  readonly #keys: ApiKey[]

  /**
   * `text` is a comma-separated list of `key` (acts for all users) and `key:user_id`. Throws when it cannot be read: a user id that
   * was mistyped would make a key that acts for all.
   */
  constructor(text: string) {
    this.#keys = text.split(',').map((entry) => parse(entry.trim()))
    const digests = this.#keys.map(({ digest }) => digest.toString('hex'))
    if (new Set(digests).size < digests.length) throw new Error('every key may be there only once')
  }

  /** Takes as long for a key that is nearly right as for one that is not: digests are compared, and all of them. */
  find(key: string): Caller | undefined {
    const digest = digestOf(key)
    let found: Caller | undefined
    for (const known of this.#keys) if (timingSafeEqual(known.digest, digest)) found = known.caller
    return found
  }
}

function parse(entry: string): ApiKey {
  const [, key = entry, userId] = /^(.*):(.*)$/s.exec(entry) ?? []
  const id = userId === undefined ? undefined : parseUserId(userId)
  if (key === '') throw new Error('a key must not be empty')
  if (/[^\x21-\x7e]/.test(key)) throw new Error('a key must consist of visible ASCII characters')
  const digest = digestOf(key)
  const name = `key:${digest.toString('hex', 0, 8)}`
  return { digest, caller: new Caller(name, id) }
}

function parseUserId(text: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : 0
  if (id < 1 || id > MAX_ID) throw new Error(`what follows a colon must be a user id, from 1 to ${MAX_ID}`)
  return id
}

const digestOf = (key: string) => createHash('sha256').update(key).digest()
