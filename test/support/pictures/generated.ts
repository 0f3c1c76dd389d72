import sharp from 'sharp'
import { generator, paint, photo } from './pictures.ts'

/** What encoders find hard, each in its own way. */
export const GENERATED = { lettering, 'cut-out': cutOut, noise }

/** As hard to encode as a photograph. */
function noise(width: number, height: number): Promise<Buffer> {
  return photo({ width, height })
}

/** Dark strokes a few pixels wide on white, as text has. */
function lettering(width: number, height: number): Promise<Buffer> {
  const CELL = 8
  const random = generator(1)
  const columns = Math.ceil(width / CELL)
  const isInk = Array.from({ length: columns * Math.ceil(height / CELL) }, () => random() < 0.4)
  const ink = (x: number, y: number) => {
    const [column, row] = [Math.floor(x / CELL), Math.floor(y / CELL)]
    // Two rows of cells are a line of letters, two are the gap below it.
    return row % 4 < 2 && isInk[row * columns + column]
  }
  return paint(width, height, (x, y) => (ink(x, y) ? [30, 30, 40] : [255, 255, 255]))
    .png()
    .toBuffer()
}

/** A striped disc on nothing, with a soft edge. */
async function cutOut(width: number, height: number): Promise<Buffer> {
  const radius = 0.45 * Math.min(width, height)
  const alpha = Buffer.alloc(width * height)
  for (let at = 0; at < alpha.length; at++) {
    const distance = Math.hypot((at % width) - width / 2, Math.floor(at / width) - height / 2)
    alpha[at] = Math.max(0, Math.min(255, (radius - distance) * 64))
  }
  const disc = paint(width, height, (x, y) => [90 + 120 * ((x >> 5) & 1), x / 6, 60 + y / 8])
  return sharp(await disc.png().toBuffer())
    .joinChannel(alpha, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
}
