import t from 'tap'
import { examine } from '../fuzz/examination.ts'

const SEED = 20_241_122
const FILES = 1000

// `npm run fuzz:images` goes on from here, for 10,000 files of any seed and longer.
t.test(
  'Broken and malicious files end as a picture or as one of three errors, never in a crash',
  async (t) => {
    const { outcomes, kills, findings, seconds, memory } = await examine(SEED, FILES)
    t.comment(
      `seed ${SEED}, ${FILES} files, ${seconds.toFixed(1)} s, outcomes`,
      outcomes,
      'MB resident',
      memory
    )
    t.strictSame(
      findings.map(({ recipe, outcome }) => `${outcome} (${recipe})`),
      []
    )
    t.strictSame(kills, {}, 'no decoder was killed')
    t.strictSame(Object.keys(outcomes).sort(), [
      'compressed',
      'corrupt_image',
      'too_many_pixels',
      'unsupported_format'
    ])
  }
)
