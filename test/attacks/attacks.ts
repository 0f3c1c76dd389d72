import sharp from 'sharp'
import { hiddenScans, overlayAvif, rotatedAvif, withStrayBytes } from '../support/pictures/attacks.ts'
import { photo } from '../support/pictures/pictures.ts'
import { everyBitAlone, scannedJpeg } from '../support/pictures/scans.ts'

export interface Attack {
  name: string
  /** The images of one product. Without them every URL is a tarpit. */
  pictures?: () => Promise<Buffer[]>
}

const SIDE = 7000

/** 51 megapixels that are decoded as a whole: in 4:4:4, progressive. */
const heavy = async () =>
  await sharp(await photo({ width: 8000, height: 6400 }))
    .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
    .toBuffer()

/** The hidden scans of three components instead of one. */
const moreHiddenScans = () =>
  scannedJpeg({
    side: SIDE,
    components: 3,
    isProgressive: true,
    scans: [1, 2, 3].flatMap(everyBitAlone),
    noise: Buffer.from('ff05fefd', 'hex')
  })

export const ATTACKS: Attack[] = [
  { name: 'nothing', pictures: async () => [await photo({ width: 64, height: 64 })] },
  {
    name: 'AVIF: overlay of 4 × 250 irot, three',
    pictures: async () => Array(3).fill(await overlayAvif(SIDE))
  },
  { name: 'AVIF: 8 × irot', pictures: async () => [await rotatedAvif(SIDE, 8)] },
  { name: 'JPEG: 883 hidden scans', pictures: async () => [hiddenScans(SIDE)] },
  { name: 'JPEG: 2,649 hidden scans', pictures: async () => [moreHiddenScans()] },
  { name: 'JPEG: the same behind stray bytes', pictures: async () => [withStrayBytes(moreHiddenScans())] },
  { name: 'JPEG: three of 51 megapixels', pictures: async () => Array(3).fill(await heavy()) },
  { name: 'tarpit: 10,000 images under 50 names' }
]
