import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sync } from '../startup/sync-files.ts'
import { urlWindow } from './url-window.ts'

/** Signs the paths of objects that this service serves itself. */
export class PathSigner {
  readonly #secret: Buffer
  readonly #ttlS: number

  constructor(secret: Buffer, ttlS: number) {
    this.#secret = secret
    this.#ttlS = ttlS
  }

  /** Returns the query of a URL that permits a GET of the object. */
  sign(key: string): string {
    const { start, expiresInS } = urlWindow(this.#ttlS)
    const expires = String(start.getTime() / 1000 + expiresInS)
    return `?${new URLSearchParams({ expires, signature: this.#signature(key, expires) })}`
  }

  isValid(key: string, { expires = '', signature = '' }: { expires?: string; signature?: string }): boolean {
    const given = Buffer.from(signature)
    const expected = Buffer.from(this.#signature(key, expires))
    const isSame = given.length === expected.length && timingSafeEqual(given, expected)
    return isSame && Number(expires) * 1000 > Date.now()
  }

  #signature(key: string, expires: string): string {
    return createHmac('sha256', this.#secret).update(`${expires} ${key}`).digest('base64url')
  }
}

/** Resolves with the secret of a data folder, which the first start makes. Only its owner can sign URLs. */
export async function urlSecret(dataDir: string): Promise<Buffer> {
  const path = join(dataDir, 'url-secret')
  const made = `${path}.${randomUUID()}`
  try {
    return await readFile(path)
  } catch {
    // A link makes the whole file visible at once, and fails if another process was faster.
    await writeFile(made, randomBytes(32), { mode: 0o600, flush: true })
    await link(made, path).catch(() => undefined)
    await rm(made)
    await sync(dataDir)
    return await readFile(path)
  }
}
