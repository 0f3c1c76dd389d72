import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../../lib/compress.ts'
import { parseRenditions } from '../../../lib/image/rendition.ts'
import { missing } from '../../support/missing.ts'
import { GENERATED } from '../../support/pictures/generated.ts'
import { pixels, reference } from '../../support/quality/reference.ts'
import { Ssimulacra2 } from '../../support/quality/ssimulacra2.ts'

type Measured = Record<keyof typeof GENERATED, { score: number; bytes: number }>

type Encoding = 'turbo' | 'mozjpeg' | 'webp' | 'avif'

/** What each encoder's 800x200 pictures scored and weighed when its options were chosen (docs/quality.md). */
const CHOSEN: Record<Encoding, Measured> = {
  turbo: {
    lettering: { score: 51.9, bytes: 53_939 },
    'cut-out': { score: 90.1, bytes: 5341 },
    noise: { score: 83.4, bytes: 17_272 }
  },
  mozjpeg: {
    lettering: { score: 44.5, bytes: 44_357 },
    'cut-out': { score: 92.0, bytes: 4731 },
    noise: { score: 82.4, bytes: 12_815 }
  },
  webp: {
    lettering: { score: 52.9, bytes: 47_958 },
    'cut-out': { score: 92.2, bytes: 6392 },
    noise: { score: 81.4, bytes: 18_194 }
  },
  avif: {
    lettering: { score: 49.5, bytes: 39_862 },
    'cut-out': { score: 90.2, bytes: 6713 },
    noise: { score: 80.6, bytes: 10_291 }
  }
}

const POINT = 1
const GROWTH = 1.03

const skip = await missing(join(import.meta.dirname, '../../support/quality'))

/** With the quality that a rendition has by default. */
async function encode(source: Buffer, encoding: Encoding): Promise<Buffer> {
  const options = { maxPixels: 1_000_000 }
  if (encoding === 'turbo' || encoding === 'mozjpeg')
    return (await compress(source, { ...options, jpegEncoder: encoding })).jpeg
  const { renditions } = await compress(source, {
    ...options,
    renditions: parseRenditions(`one:800x,format=${encoding}`)
  })
  return renditions[0]?.bytes ?? Buffer.alloc(0)
}

for (const encoding of ['turbo', 'mozjpeg', 'webp', 'avif'] as const) {
  t.test(
    `pictures of ${encoding} score no point less and weigh no 3% more than they did`,
    { skip },
    async (t) => {
      await using metric = new Ssimulacra2()
      for (const name of ['lettering', 'cut-out', 'noise'] as const) {
        const source = await GENERATED[name](2000, 500)
        const bytes = await encode(source, encoding)
        const { data, width, height } = await pixels(sharp(bytes))
        const linear = await reference(source, { width, height }, 'linear')
        const score = await metric.score({ reference: linear, picture: data, width, height })
        const chosen = CHOSEN[encoding][name]
        t.ok(score > chosen.score - POINT, `${name}: scores ${score}, once ${chosen.score}`)
        t.ok(bytes.length < chosen.bytes * GROWTH, `${name}: ${bytes.length} bytes, once ${chosen.bytes}`)
      }
    }
  )
}
