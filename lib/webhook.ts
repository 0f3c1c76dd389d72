import { createHmac } from 'node:crypto'
import { Agent, request } from 'undici'
import type { AddressPolicy } from './egress/address-policy.ts'
import { createConnector } from './egress/connector.ts'
import { createResolver } from './egress/resolver.ts'

const TIMEOUT_MS = 10_000
/** Nobody reads what a receiver answers. */
const MAX_BYTES = 1_048_576

export interface WebhookOptions {
  url: string
  /** `whsec_` and base64, or any text. Without one messages are not signed. */
  secret: string | undefined
  /** Where webhooks may lead: the same as for source images. */
  policy: AddressPolicy
}

/** Sends messages as Standard Webhooks (standardwebhooks.com) describes them. */
export class Webhook {
  readonly #url: string
  readonly #key: Buffer | undefined
  readonly #connector: ReturnType<typeof createConnector>
  readonly #agent: Agent

  constructor({ url, secret, policy }: WebhookOptions) {
    this.#url = url
    this.#key = secret === undefined ? undefined : keyOf(secret)
    this.#connector = createConnector(policy, createResolver(), {
      timeoutMs: TIMEOUT_MS,
      maxReadBytes: MAX_BYTES
    })
    this.#agent = new Agent({ connect: this.#connector.connect, allowH2: false })
  }

  /**
   * Resolves when the receiver has answered 2xx; redirects are not followed. A message that is sent again keeps its `id`, so that
   * the receiver can tell.
   */
  async send(id: string, message: object, stop: AbortSignal): Promise<void> {
    const body = JSON.stringify(message)
    const answer = await request(this.#url, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: { 'content-type': 'application/json', 'user-agent': 'AsyncProd/2', ...this.#signed(id, body) },
      body,
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)])
    })
    await answer.body.dump()
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      throw new Error(`The receiver of webhooks answered ${answer.statusCode}`)
    }
  }

  async close(): Promise<void> {
    this.#connector.close()
    await this.#agent.destroy()
  }

  #signed(id: string, body: string): Record<string, string> {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp }
    if (!this.#key) return headers
    const signature = createHmac('sha256', this.#key).update(`${id}.${timestamp}.${body}`).digest('base64')
    return { ...headers, 'webhook-signature': `v1,${signature}` }
  }
}

const keyOf = (secret: string) =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
