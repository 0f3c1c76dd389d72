import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { pixels, reference } from '../../test/support/quality/reference.ts'
import type { Picture } from './corpus.ts'
import type { References, Scorer, Scores } from './scores.ts'
import type { Setting } from './settings.ts'

export interface Result extends Scores {
  picture: string
  kind: Picture['kind']
  setting: string
  bytes: number
  /** Milliseconds from the source's bytes to the result's. */
  cpu: number
}

/** One setting after the other, so that no metric runs beside what is measured. */
export async function measure(
  { name, kind, path }: Picture,
  settings: Setting[],
  scorer: Scorer
): Promise<Result[]> {
  const source = readFileSync(path)
  const bySize = new Map<string, References>()
  const results: Result[] = []
  for (const setting of settings) {
    const { encoded, cpu } = await setting.make(source)
    const picture = await pixels(sharp(encoded))
    const size = `${picture.width}x${picture.height}`
    const references = bySize.get(size) ?? {
      linear: await reference(source, picture, 'linear'),
      srgb: await reference(source, picture, 'srgb')
    }
    bySize.set(size, references)
    const scores = await scorer.score(references, picture)
    results.push({ picture: name, kind, setting: setting.name, bytes: encoded.length, cpu, ...scores })
  }
  return results
}

export const mean = (results: Result[], figure: keyof Scores | 'bytes' | 'cpu') =>
  results.reduce((sum, result) => sum + result[figure], 0) / results.length
