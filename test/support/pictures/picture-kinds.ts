import sharp, {
  type AvifOptions,
  type JpegOptions,
  type PngOptions,
  type Sharp,
  type TiffOptions,
  type WebpOptions
} from 'sharp'
import { corners } from './corners.ts'
import { paint } from './pictures.ts'

const jpeg = (image: Sharp, options: JpegOptions = {}) => image.jpeg({ quality: 90, ...options }).toBuffer()
const png = (image: Sharp, options?: PngOptions) => image.png(options).toBuffer()
const webp = (image: Sharp, options?: WebpOptions) => image.webp({ effort: 0, ...options }).toBuffer()
const avif = (image: Sharp, options?: AvifOptions) => image.avif({ effort: 0, ...options }).toBuffer()
const tiff = (image: Sharp, options?: TiffOptions) =>
  image.tiff({ compression: 'lzw', ...options }).toBuffer()

const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'

/** Every kind of file that is understood, with the four `corners` on its first frame. */
export function pictureKinds(width: number, height: number) {
  const picture = () => paint(width, height, corners(width, height))
  const twoFrames = () => paint(width, height, corners(width, height), [() => [0, 0, 0]])
  const sixteenBit = () => picture().toColourspace('rgb16')
  const pierced = () => picture().joinChannel(hole(width, height), { raw: { width, height, channels: 1 } })
  return {
    'JPEG, baseline': () => jpeg(picture()),
    'JPEG, progressive': () => jpeg(picture(), { progressive: true }),
    'JPEG, 4:4:4': () => jpeg(picture(), { chromaSubsampling: '4:4:4' }),
    'JPEG, CMYK': () => jpeg(picture().toColourspace('cmyk')),
    'JPEG, CMYK with a profile': () => jpeg(picture().toColourspace('cmyk').withIccProfile('cmyk')),
    'JPEG, sRGB profile': () => jpeg(picture().withIccProfile('srgb')),
    'JPEG, Display P3': () => jpeg(picture().withIccProfile('p3')),
    'JPEG, EXIF and XMP': () =>
      jpeg(
        picture()
          .withExif({ IFD0: { Copyright: 'Somebody' } })
          .withXmp(XMP)
      ),
    PNG: () => png(picture()),
    'PNG, transparent': () => png(pierced()),
    'PNG, palette': () => png(picture(), { palette: true }),
    'PNG, transparent palette': () => png(pierced(), { palette: true }),
    'PNG, interlaced': () => png(picture(), { progressive: true }),
    'PNG, 16-bit': () => png(sixteenBit()),
    'PNG, 16-bit transparent': async () => png(sharp(await png(pierced())).toColourspace('rgb16')),
    'PNG, 16-bit Display P3': () => png(sixteenBit().withIccProfile('p3')),
    WebP: () => webp(picture()),
    'WebP, transparent': () => webp(pierced()),
    'WebP, lossless': () => webp(picture(), { lossless: true }),
    'WebP, animated': () => webp(twoFrames()),
    AVIF: () => avif(picture()),
    'AVIF, transparent': () => avif(pierced()),
    'AVIF, 10-bit': () => avif(picture(), { bitdepth: 10 }),
    GIF: () => picture().gif().toBuffer(),
    'GIF, transparent': () => pierced().gif().toBuffer(),
    'GIF, animated': () => twoFrames().gif().toBuffer(),
    TIFF: () => tiff(picture()),
    'TIFF, transparent': () => tiff(pierced()),
    'TIFF, JPEG inside': () => tiff(picture(), { compression: 'jpeg' }),
    'TIFF, tiled': () => tiff(picture(), { tile: true }),
    'TIFF, CMYK': () => tiff(picture().toColourspace('cmyk')),
    'TIFF, several pages': () => tiff(twoFrames())
  }
}

/** Fully transparent in the middle, where the hidden colours are not white. */
function hole(width: number, height: number): Buffer {
  const alpha = Buffer.alloc(width * height, 255)
  for (let y = Math.floor(height * 0.45); y < height * 0.55; y++) {
    alpha.fill(0, Math.floor((y + 0.4) * width), Math.floor((y + 0.6) * width))
  }
  return alpha
}
