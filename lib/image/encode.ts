import type { JpegOptions, Sharp } from 'sharp'

/** libjpeg-turbo is fast; mozjpeg makes smaller files that look the same. */
export type JpegEncoder = 'turbo' | 'mozjpeg'

/** Of one score on the corpus of docs/quality.md. */
const OPTIONS: Record<JpegEncoder, JpegOptions> = {
  turbo: { quality: 75, progressive: true },
  mozjpeg: { quality: 78, mozjpeg: true }
}

/** Encodes as progressive JPEG of quality 75: 4:2:0, on white, without metadata. */
export const asJpeg = (image: Sharp, encoder: JpegEncoder): Sharp =>
  image.flatten({ background: 'white' }).jpeg(OPTIONS[encoder])
