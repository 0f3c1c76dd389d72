import { openCorpus } from '../quality/corpus.ts'
import { installDebianPackages } from '../quality/debian.ts'
import { mean, measure } from '../quality/measure.ts'
import { Scorer } from '../quality/scores.ts'
import { type Setting, SHARP, SHIPPED } from '../quality/settings.ts'
import type { Row } from '../row.ts'

/** Photographs and graphics stand for the corpus that `npm run quality` goes through. */
const PICTURES = 6

/** What the images of a second look like. The corpus does not change, so one round is enough. */
export const row: Row = {
  name: 'quality',
  title: 'perceptual score and bytes of an 800x600 JPEG',
  ceiling: 'sharp’s default: JPEG at quality 80, not progressive',
  figures: [
    { name: 'score', unit: 'SSIMULACRA2', reach: { atLeast: 0.98 } },
    { name: 'butteraugli', unit: 'butteraugli' },
    { name: 'bytes', unit: 'bytes an image', reach: { atMost: 0.9 } }
  ],
  rounds: () => 1,
  whole: true,
  async open(_environment, _size, stack) {
    installDebianPackages()
    const pictures = (await openCorpus()).slice(0, PICTURES)
    const scorer = stack.use(new Scorer())
    const side = (setting: Setting) => async () => {
      const results = []
      for (const picture of pictures) results.push(...(await measure(picture, [setting], scorer)))
      const values = {
        score: mean(results, 'linear'),
        butteraugli: mean(results, 'butteraugli'),
        bytes: mean(results, 'bytes')
      }
      return { values, usage: [] }
    }
    return { ceiling: side(SHARP), ours: side(SHIPPED) }
  }
}
