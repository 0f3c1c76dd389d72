import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { fromPixels, type Pixels, pixels, reference } from '../../test/support/quality/reference.ts'
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

/** Pixels that are scored. */
const SIDE = 400

/** One setting after the other, so that no metric runs beside what is measured. */
export async function measure(
  { name, kind, path }: Picture,
  settings: Setting[],
  scorer: Scorer
): Promise<Result[]> {
  const source = readFileSync(path)
  const bySize = new Map<string, References>()
  const results: Result[] = []
  // The first one finds cold caches.
  await settings[0]?.make(source)
  for (const setting of settings) {
    const { encoded, cpu } = await setting.make(source)
    const picture = await pixels(sharp(encoded))
    const size = `${picture.width}x${picture.height}`
    const references = bySize.get(size) ?? {
      linear: await middle({ ...picture, data: await reference(source, picture, 'linear') }),
      srgb: await middle({ ...picture, data: await reference(source, picture, 'srgb') })
    }
    bySize.set(size, references)
    const scores = await scorer.score(references, await middle(picture))
    results.push({ picture: name, kind, setting: setting.name, bytes: encoded.length, cpu, ...scores })
  }
  return results
}

/** A quarter of the pixels has to be enough: the metrics take far longer than what they measure. */
async function middle(picture: Pixels): Promise<Pixels> {
  const [width, height] = [Math.min(picture.width, SIDE), Math.min(picture.height, SIDE)]
  const [left, top] = [(picture.width - width) >> 1, (picture.height - height) >> 1]
  return await pixels(fromPixels(picture).extract({ left, top, width, height }))
}

export const mean = (results: Result[], figure: keyof Scores | 'bytes' | 'cpu') =>
  results.reduce((sum, result) => sum + result[figure], 0) / results.length
