import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../lib/compress.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { paint } from '../support/pictures/pictures.ts'

const { maxSourcePixels: maxPixels } = loadConfig({}).images

async function pixel(image: Buffer, left: number, top: number): Promise<number[]> {
  return [...(await sharp(image).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

t.test('Photographs that phones call 50 megapixels are within the default limit', async (t) => {
  for (const [width, scaled] of [
    [8160, 797],
    [8192, 800]
  ] as const) {
    const create = { width, height: 6144, channels: 3, background: '#204080' } as const
    const jpeg = await sharp({ create }).jpeg().toBuffer()
    t.match(await compress(jpeg, { maxPixels }), { width: scaled, height: 600 })
  }
})

t.test(
  'What the first frame of a WebP leaves uncovered is white, with and without transparency',
  async (t) => {
    const blue = await paint(20, 10, () => [20, 40, 200])
      .webp({ lossless: true })
      .toBuffer()
    for (const hasAlpha of [false, true]) {
      const { jpeg, width, height } = await compress(animated(blue, 40, 30, hasAlpha), { maxPixels })
      t.strictSame([width, height], [40, 30])
      for (const [left, top, colour] of [
        [4, 4, [20, 40, 200]],
        [35, 25, [255, 255, 255]],
        [35, 4, [255, 255, 255]]
      ] as const) {
        const found = await pixel(jpeg, left, top)
        const isNear = colour.every((value, i) => Math.abs(value - (found[i] ?? Number.NaN)) <= 12)
        t.ok(isNear, `${left}, ${top} is ${found}`)
      }
    }
  }
)

/** An animation on a black canvas. Both frames are that picture, of 20x10 pixels, at the top left. */
function animated(webp: Buffer, width: number, height: number, hasAlpha: boolean): Buffer {
  const canvas = chunk('VP8X', Buffer.from([hasAlpha ? 0x12 : 0x02, 0, 0, 0]), numbers(width - 1, height - 1))
  const black = chunk('ANIM', Buffer.from([0, 0, 0, 255, 0, 0]))
  const frame = chunk('ANMF', numbers(0, 0, 19, 9, 100), Buffer.from([0]), webp.subarray(12))
  return chunk('RIFF', Buffer.from('WEBP'), canvas, black, frame, frame)
}

function chunk(type: string, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const head = Buffer.from(`${type}    `)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
}

/** Numbers of three bytes. */
function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(3 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUIntLE(value, 3 * index, 3)
  return bytes
}
