import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../../scripts/generated.ts'
import { MUTANTS } from './mutants.ts'

t.test('every mutant changes one place in the sources, and names its test', async (t) => {
  const stale = MUTANTS.filter(
    ({ file, from, test }) =>
      readFileSync(join(ROOT, file), 'utf8').split(from).length !== 2 || !existsSync(join(ROOT, test))
  )
  t.same(stale, [])
})
