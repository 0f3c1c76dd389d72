import type { Content, Promised } from './promised.ts'

/** Image numbers of one writer; all of them have to fit into a label's 24 bits. */
const IMAGES_A_WRITER = 500_000
const MAX_IMAGES = 4

/** What a writer puts into its products, by the seed. */
export class Contents {
  readonly #writer: number
  readonly #random: () => number
  readonly #urlOf: (image: number) => string
  #images = 0

  constructor(writer: number, random: () => number, urlOf: (image: number) => string) {
    this.#writer = writer
    this.#random = random
    this.#urlOf = urlOf
  }

  /** The first content of a product. */
  first(key: string): Content {
    return this.#content(key, 0, this.#newImages())
  }

  /** Some images stay, some go, some come; now and then in another order, or one of them twice. */
  next({ key, nextRevision, content }: Promised): Content {
    const kept = content.product_images.filter(() => this.#random() < 0.6)
    const images = [...kept, ...this.#newImages()].slice(0, MAX_IMAGES + 2)
    if (this.#random() < 0.3) images.reverse()
    const [first] = images
    return this.#content(key, nextRevision, first && this.#random() < 0.1 ? [...images, first] : images)
  }

  #content(key: string, revision: number, product_images: string[]): Content {
    return {
      product_name: `${key} r${revision}`,
      product_description: `Price ${this.#random().toString(36).slice(2)}, “quoted” – ünïcödé`,
      product_price: Math.floor(this.#random() * 1_000_000) / 100,
      product_images
    }
  }

  #newImages(): string[] {
    const count = Math.floor(this.#random() * (MAX_IMAGES + 1))
    return Array.from({ length: count }, () => this.#urlOf(this.#writer * IMAGES_A_WRITER + this.#images++))
  }
}
