import sharp, { type Sharp } from 'sharp'

export interface Picture {
  name: string
  /** What is special about it. */
  about: string
  width: number
  height: number
  bytes: Buffer
}

type Rgb = readonly [number, number, number]

/** Pictures of different formats, the last one broken. They are made here, so the demo downloads nothing. */
export function makePictures(): Promise<Picture[]> {
  return Promise.all([
    picture('hills.jpg', 'JPEG, EXIF rotated', landscape(3000, 2000, DAY), (image) =>
      image.rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 90 })
    ),
    picture('sticker.png', 'PNG with alpha', sticker(1400), (image) => image.png()),
    picture('dusk.webp', 'WebP', landscape(1920, 1080, DUSK), (image) =>
      image.webp({ quality: 90, effort: 1 })
    ),
    picture('night.avif', 'AVIF', landscape(1600, 1200, NIGHT), (image) =>
      image.avif({ quality: 80, effort: 1 })
    ),
    broken()
  ])
}

async function picture(
  name: string,
  about: string,
  source: Promise<Sharp>,
  encode: (image: Sharp) => Sharp
): Promise<Picture> {
  const { data: bytes, info } = await encode(await source).toBuffer({ resolveWithObject: true })
  return { name, about, width: info.width, height: info.height, bytes }
}

async function broken(): Promise<Picture> {
  const whole = await picture('broken.jpg', 'JPEG, cut in half', landscape(1200, 900, DAY), (image) =>
    image.jpeg()
  )
  return { ...whole, bytes: whole.bytes.subarray(0, whole.bytes.length / 2) }
}

interface Light {
  top: Rgb
  horizon: Rgb
  ground: Rgb
  sun: Rgb
}
const DAY: Light = {
  top: [58, 124, 196],
  horizon: [206, 228, 240],
  ground: [56, 98, 58],
  sun: [255, 250, 226]
}
const DUSK: Light = { top: [52, 40, 92], horizon: [246, 140, 86], ground: [48, 34, 58], sun: [255, 214, 150] }
const NIGHT: Light = { top: [8, 12, 34], horizon: [38, 56, 98], ground: [12, 22, 34], sun: [230, 234, 250] }

/** Painted in JavaScript at a quarter of its size: the rest is the encoder's work. */
const SKETCH = 4

/** Ranges of hills under a sky, with the grain of a photograph. */
async function landscape(width: number, height: number, light: Light): Promise<Sharp> {
  const sketch = hills(Math.round(width / SKETCH), Math.round(height / SKETCH), light)
  const noise = { type: 'gaussian', mean: 128, sigma: 12 } as const
  const grain = sharp({ create: { width: 400, height: 400, channels: 3, background: 'grey', noise } })
  const tile = { input: await grain.png().toBuffer(), tile: true, blend: 'overlay' } as const
  const photo = sketch.resize(width, height, { fit: 'fill' }).composite([tile]).removeAlpha()
  return sharp(await photo.raw().toBuffer(), { raw: { width, height, channels: 3 } })
}

function hills(width: number, height: number, { top, horizon, ground, sun }: Light): Sharp {
  const pixels = Buffer.alloc(width * height * 3)
  for (let x = 0; x < width; x++) {
    const ridges = [0, 1, 2, 3].map((range) => ridge(range, x / width) * height)
    for (let y = 0; y < height; y++) {
      const range = ridges.findLastIndex((ridge) => y > ridge)
      const glow = Math.exp(-Math.hypot(x - width * 0.7, y - height * 0.24) / (height * 0.07))
      const colour =
        range < 0
          ? mix(mix(top, horizon, y / (height * 0.6)), sun, glow * 1.6)
          : mix(horizon, ground, 0.35 + range * 0.22)
      pixels.set(colour, (y * width + x) * 3)
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

/** How far down a range of hills begins, both from 0 to 1. */
function ridge(range: number, x: number): number {
  const waves = [3, 7, 17, 41].map(
    (frequency, i) => Math.sin(frequency * x * (1 + range / 3) + range * 9 + i) / frequency
  )
  return 0.48 + range * 0.12 + waves.reduce((sum, wave) => sum + wave) * 0.18
}

/** A round sticker whose hidden corners are bright green: they must not show. */
async function sticker(size: number): Promise<Sharp> {
  const pixels = Buffer.alloc(size * size * 4)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const distance = Math.hypot(x - size / 2, y - size / 2) / (size / 2)
      const ray = Math.sin(Math.atan2(y - size / 2, x - size / 2) * 12) > 0
      const [red, green, blue] = distance > 0.98 ? [0, 255, 0] : ray ? [232, 74, 66] : [250, 236, 210]
      pixels.set([red, green, blue, distance > 0.98 ? 0 : 255], (y * size + x) * 4)
    }
  }
  return sharp(pixels, { raw: { width: size, height: size, channels: 4 } })
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const t = Math.min(1, share)
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}
