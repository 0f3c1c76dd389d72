import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import type { Product } from '../../lib/products/schemas.ts'
import type { Handler, Origin } from '../support/http/origin.ts'
import type { Settings } from '../support/service.ts'
import { Tally } from '../support/tally.ts'
import type { Finding } from './report.ts'

const PATH = '/hook'
const SECRET = `whsec_${Buffer.from('the secret of this receiver').toString('base64')}`
const REFUSED_SHARE = 0.1

interface Delivery {
  id: string
  product: Product
}

/** A receiver of webhooks that refuses some of them. */
export class Webhooks {
  readonly settings: Settings
  readonly #random: () => number
  readonly #signer = new Webhook(SECRET)
  readonly #accepted: Delivery[] = []
  readonly #tally = new Tally()
  readonly #forged: string[] = []

  constructor(origin: Origin, random: () => number) {
    this.#random = random
    this.settings = { WEBHOOK_URL: origin.url + PATH, WEBHOOK_SECRET: SECRET }
    origin.on(PATH, this.#receive)
  }

  /** Whether every message was signed, and each image was announced. A PUT may drop others silently. */
  check(products: Product[]): Finding[] {
    const announced = new Set(this.#accepted.flatMap(({ product }) => imagesOf(product)))
    const ids = new Set(this.#accepted.map(({ id }) => id))
    const images = products.flatMap(imagesOf)
    return [
      {
        promise: 'every webhook is signed',
        figure: `${this.#tally}`,
        wrong: this.#forged
      },
      {
        promise: 'every image was announced as it is',
        figure: `${images.length} images, ${ids.size} messages, ${this.#accepted.length - ids.size} repeated`,
        wrong: images.filter((image) => !announced.has(image))
      }
    ]
  }

  readonly #receive: Handler = async (request, response) => {
    const body = await text(request)
    const header = (name: string) => String(request.headers[name] ?? '')
    const id = header('webhook-id')
    try {
      this.#signer.verify(body, {
        'webhook-id': id,
        'webhook-timestamp': header('webhook-timestamp'),
        'webhook-signature': header('webhook-signature')
      })
    } catch (error) {
      this.#forged.push(`message ${id}: ${error}`)
    }
    const status = this.#random() < REFUSED_SHARE ? 500 : 204
    this.#tally.add(`responded ${status}`)
    if (status === 204) this.#accepted.push({ id, product: JSON.parse(body).data })
    response.writeHead(status).end()
  }
}

const imagesOf = ({ id, images }: Product) =>
  images.map(({ source_url, status, url }) => `product ${id}: ${source_url} is ${status}, ${url}`)
