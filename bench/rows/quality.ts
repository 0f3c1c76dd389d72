import { openCorpus } from '../quality/corpus.ts'
import { installDebianPackages } from '../quality/debian.ts'
import { mean, measure } from '../quality/measure.ts'
import { Scorer } from '../quality/scores.ts'
import { BARE, type Setting, SHIPPED } from '../quality/settings.ts'
import type { Row } from '../row.ts'

/** Photographs and graphics stand for the corpus that `npm run quality` goes through. */
const PICTURES = 6

/** What the images of a second look like. The corpus does not change, so one round is enough. */
export const row: Row = {
  name: 'quality',
  title: 'perceptual score and bytes of an 800x600 JPEG',
  baseline: 'what sharp makes at the same quality',
  figures: [
    { name: 'score', unit: 'SSIMULACRA2', reach: { atLeast: 1 } },
    { name: 'butteraugli', unit: 'butteraugli' },
    { name: 'bytes', unit: 'bytes an image', reach: { atMost: 1 } }
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
    return { baseline: side(BARE), ours: side(SHIPPED) }
  }
}
