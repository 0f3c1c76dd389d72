import { Webhook as Signer } from 'standardwebhooks'
import { request } from 'undici'
import { Deadline } from './deadline.ts'
import type { AddressPolicy } from './egress/address-policy.ts'
import { createEgress, type Egress } from './egress/egress.ts'
import type { Resolve } from './egress/resolver.ts'
import { VERSION } from './version.ts'

const TIMEOUT_MS = 10_000
/** A receiver's response is not used. */
const MAX_READ_BYTES = 1_048_576

export interface WebhookOptions {
  url: string
  /** `whsec_` and base64, or any text. Without it messages are not signed. */
  secret: string | undefined
  /** Where webhooks may lead: the same as for source images. */
  policy: AddressPolicy
  resolve?: Resolve
}

/** The receiver has responded, but does not take the message. */
export class ReceiverError extends Error {
  override readonly name = 'ReceiverError'
  readonly status: number

  constructor(status: number) {
    super(`The receiver of webhooks responded with status ${status}`)
    this.status = status
  }
}

/** Sends messages as Standard Webhooks (standardwebhooks.com) describes them. */
export class Webhook {
  readonly #url: string
  readonly #signer: Signer | undefined
  readonly #egress: Egress

  /** Throws when `secret` begins with `whsec_` and the rest is not base64. */
  constructor({ url, secret, policy, resolve }: WebhookOptions) {
    this.#url = url
    this.#signer = secret === undefined ? undefined : signerOf(secret)
    this.#egress = createEgress({ policy, resolve, timeoutMs: TIMEOUT_MS, maxReadBytes: MAX_READ_BYTES })
  }

  /**
   * Resolves with the status once the receiver has responded with 2xx, and rejects with a ReceiverError
   * otherwise; redirects are not followed. A message that is sent again keeps its `id`, by which the receiver
   * recognises it.
   */
  async send(id: string, message: object, stop: AbortSignal): Promise<number> {
    const body = JSON.stringify(message)
    using deadline = new Deadline(TIMEOUT_MS)
    const { statusCode, body: response } = await request(this.#url, {
      method: 'POST',
      dispatcher: this.#egress.dispatcher,
      headers: {
        'content-type': 'application/json',
        'user-agent': `AsyncProd/${VERSION}`,
        ...this.#signed(id, body)
      },
      body,
      signal: AbortSignal.any([stop, deadline.signal])
    })
    await response.dump()
    if (statusCode < 200 || statusCode > 299) throw new ReceiverError(statusCode)
    return statusCode
  }

  close(): Promise<void> {
    return this.#egress.close()
  }

  #signed(id: string, body: string): Record<string, string> {
    const now = new Date()
    const timestamp = String(Math.floor(now.getTime() / 1000))
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp }
    return this.#signer ? { ...headers, 'webhook-signature': this.#signer.sign(id, now, body) } : headers
  }
}

const signerOf = (secret: string) =>
  secret.startsWith('whsec_') ? new Signer(secret) : new Signer(Buffer.from(secret), { format: 'raw' })
