import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../../lib/compress.ts'
import { missing } from '../../support/missing.ts'
import { GENERATED } from '../../support/pictures/generated.ts'
import { pixels, reference } from '../../support/quality/reference.ts'
import { Ssimulacra2 } from '../../support/quality/ssimulacra2.ts'

type Measured = Record<keyof typeof GENERATED, { score: number; bytes: number }>

/** What each encoder's 800x200 JPEGs scored and weighed when its options were chosen (docs/quality.md). */
const CHOSEN: Record<'turbo' | 'mozjpeg', Measured> = {
  turbo: {
    lettering: { score: 51.9, bytes: 53_939 },
    'cut-out': { score: 90.1, bytes: 5341 },
    noise: { score: 83.4, bytes: 17_272 }
  },
  mozjpeg: {
    lettering: { score: 44.5, bytes: 44_357 },
    'cut-out': { score: 92.0, bytes: 4731 },
    noise: { score: 82.4, bytes: 12_815 }
  }
}

const POINT = 1
const GROWTH = 1.03

const skip = await missing(join(import.meta.dirname, '../../support/quality'))

for (const jpegEncoder of ['turbo', 'mozjpeg'] as const) {
  t.test(
    `JPEGs of ${jpegEncoder} score no point less and weigh no 3% more than they did`,
    { skip },
    async (t) => {
      await using metric = new Ssimulacra2()
      for (const name of ['lettering', 'cut-out', 'noise'] as const) {
        const source = await GENERATED[name](2000, 500)
        const { jpeg } = await compress(source, { maxPixels: 1_000_000, jpegEncoder })
        const { data, width, height } = await pixels(sharp(jpeg))
        const linear = await reference(source, { width, height }, 'linear')
        const score = await metric.score({ reference: linear, picture: data, width, height })
        const chosen = CHOSEN[jpegEncoder][name]
        t.ok(score > chosen.score - POINT, `${name}: scores ${score}, once ${chosen.score}`)
        t.ok(jpeg.length < chosen.bytes * GROWTH, `${name}: ${jpeg.length} bytes, once ${chosen.bytes}`)
      }
    }
  )
}
