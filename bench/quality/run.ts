import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCorpus } from './corpus.ts'
import { goResizer } from './go.ts'
import { measure, type Result } from './measure.ts'
import { Scorer } from './scores.ts'
import { SETTINGS } from './settings.ts'
import { table } from './table.ts'

const RESULTS = join(import.meta.dirname, '../results')

/** Makes at most `count` pictures with each setting whose name begins as asked for. Prints the table. */
export async function run(count: number | undefined, only: string[]): Promise<void> {
  const settings = [...SETTINGS, goResizer()].filter(
    ({ name }) => only.length === 0 || only.some((wanted) => name.startsWith(wanted))
  )
  mkdirSync(RESULTS, { recursive: true })
  const pictures = (await openCorpus()).slice(0, count)
  await using scorer = new Scorer()
  const results: Result[] = []
  for (const [index, picture] of pictures.entries()) {
    console.error(`[${index + 1}/${pictures.length}] ${picture.name}`)
    results.push(...(await measure(picture, settings, scorer)))
    writeFileSync(join(RESULTS, 'quality.json'), JSON.stringify(results, null, 2))
  }
  console.log(table(results))
}
