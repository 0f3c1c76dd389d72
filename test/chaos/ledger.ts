import type { Product } from '../../lib/products/schemas.ts'
import type { HttpResponse } from './http.ts'
import { type Content, type Expectation, Promised } from './promised.ts'

/** Every promise of a run. */
export class Ledger {
  readonly products: Promised[] = []
  /** Names of creates without a response: they may exist. */
  readonly maybe = new Set<string>()
  readonly violations: string[] = []
  reads = 0

  promise(key: string, id: number, userId: number, content: Content): Promised {
    const product = new Promised(key, id, userId, content)
    this.products.push(product)
    return product
  }

  /** Checks the response to a read of one product, unless the service refused it. */
  check(promised: Promised, expected: Expectation, response: HttpResponse): void {
    if (response.status === 503 || response.status === 429) return
    this.reads++
    this.#note(promised, promised.problemOf(expected, response))
  }

  checkListed(promised: Promised, expected: Expectation, listed: Product[]): void {
    this.reads++
    const product = listed.find(({ id }) => id === promised.id)
    if (product) this.#note(promised, promised.problemOfListed(expected, product))
    else if (!promised.maybeDeleted) this.#note(promised, 'is not listed')
  }

  violate(promised: Promised, problem: string): void {
    this.#note(promised, problem)
  }

  #note(promised: Promised, problem: string | null): void {
    if (problem) this.violations.push(`product ${promised.id} (${promised.key}) ${problem}`)
  }
}
