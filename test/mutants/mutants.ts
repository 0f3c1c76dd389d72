import { OUTBOX } from './rooms/outbox.ts'
import { PIPELINE } from './rooms/pipeline.ts'
import { PRODUCTS } from './rooms/products.ts'
import { SERVERS } from './rooms/servers.ts'
import { SOURCES } from './rooms/sources.ts'

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
