import { AppError } from '../http/app-error.ts'
import type { PresignedPut } from './object-store.ts'
import { type Credentials, type PresignRequest, presign } from './presign.ts'
import { urlWindow } from './url-window.ts'

/** The SDK renews temporary credentials five minutes before they expire. */
const RENEW_MS = 60_000

export interface UrlOptions {
  /** Prefix of the objects' URLs in place of the bucket's own address. */
  publicBaseUrl: string | undefined
  /** Null, the default, where anybody may read objects. */
  signedUrlTtlS?: number | null
}

interface SignedBucket {
  /** The bucket's own URL. */
  address: string
  region: string
  /** Undefined if they come from the SDK's own chain. */
  credentials: Credentials | undefined
  /** Resolves with credentials that have not expired. */
  currentCredentials(): Promise<Credentials>
}

/** The URLs of a bucket's objects: public, signed, or for one PUT. */
export class BucketUrls {
  readonly #bucket: SignedBucket
  readonly #address: string
  readonly #publicUrl: string
  readonly #signedUrlTtlS: number | null
  #credentials: Credentials | undefined
  readonly #renewal: NodeJS.Timeout | undefined

  constructor(bucket: SignedBucket, { publicBaseUrl, signedUrlTtlS = null }: UrlOptions) {
    this.#bucket = bucket
    this.#address = withoutSlash(bucket.address)
    this.#publicUrl = publicBaseUrl ? withoutSlash(publicBaseUrl) : this.#address
    this.#signedUrlTtlS = signedUrlTtlS
    this.#credentials = bucket.credentials
    if (signedUrlTtlS && !bucket.credentials)
      this.#renewal = setInterval(() => this.#renew(), RENEW_MS).unref()
  }

  get areSigned(): boolean {
    return this.#signedUrlTtlS !== null
  }

  addressOf(key: string): string {
    return `${this.#publicUrl}/${key}`
  }

  urlOf(key: string): string {
    if (!this.#signedUrlTtlS) return this.addressOf(key)
    if (!this.#credentials)
      throw new AppError('unavailable', 'The bucket has no credentials yet; retry later.')
    const { start: date, expiresInS } = urlWindow(this.#signedUrlTtlS)
    return this.#presign(key, { method: 'GET', credentials: this.#credentials, date, expiresInS })
  }

  async presignPut(key: string, { content_type, bytes, expiresInS }: PresignedPut): Promise<string> {
    return this.#presign(key, {
      method: 'PUT',
      headers: { 'content-type': content_type, ...(bytes !== null && { 'content-length': String(bytes) }) },
      credentials: await this.#bucket.currentCredentials(),
      date: new Date(),
      expiresInS
    })
  }

  /** Resolves when `urlOf` has credentials, if the SDK finds any. */
  async ready(): Promise<void> {
    if (this.#renewal) await this.#renew()
  }

  close(): void {
    clearInterval(this.#renewal)
  }

  #presign(key: string, request: Omit<PresignRequest, 'url' | 'region'>): string {
    return presign({ ...request, url: new URL(`${this.#address}/${key}`), region: this.#bucket.region })
  }

  /** The SDK's chain renews temporary credentials by itself, but not in time for `urlOf`. */
  async #renew(): Promise<void> {
    this.#credentials = await this.#bucket.currentCredentials().catch(() => this.#credentials)
  }
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '')
