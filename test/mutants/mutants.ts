import { OUTBOX } from './modules/outbox.ts'
import { PIPELINE } from './modules/pipeline.ts'
import { PRODUCTS } from './modules/products.ts'
import { SERVERS } from './modules/servers.ts'
import { SOURCES } from './modules/sources.ts'

/** One mechanism taken away, and the test that has to notice. */
export interface Mutant {
  name: string
  file: string
  /** Text that the file contains once, and what replaces it. */
  from: string
  to: string
  test: string
}

export const MUTANTS: Mutant[] = [...PRODUCTS, ...PIPELINE, ...OUTBOX, ...SERVERS, ...SOURCES].flatMap(
  ({ file, test, mutants }) =>
    Object.entries(mutants).map(([name, [from, to]]) => ({ name, file, from, to, test }))
)
