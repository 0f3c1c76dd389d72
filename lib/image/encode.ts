import type { JpegOptions, Sharp } from 'sharp'
import type { Rendition } from './rendition.ts'

/** libjpeg-turbo is fast; mozjpeg makes smaller files that look the same. */
export type JpegEncoder = 'turbo' | 'mozjpeg'

/** Qualities with the same score on the corpus of docs/quality.md. */
const OPTIONS: Record<JpegEncoder, JpegOptions> = {
  turbo: { quality: 75, progressive: true },
  mozjpeg: { quality: 78, mozjpeg: true }
}

/** Encodes as progressive JPEG of quality 75: 4:2:0, on white, without metadata. */
export const asJpeg = (image: Sharp, encoder: JpegEncoder): Sharp =>
  image.flatten({ background: 'white' }).jpeg(OPTIONS[encoder])

// CPU and size at 800x500 on a busy machine, where the JPEG took 50 ms with its decoding. AVIF in 4:2:0 at
// effort 0: 44 ms and 40 kB; at effort 1: 237 ms and 37 kB; in 4:4:4: 80 ms and 43 kB. WebP at effort 1, 2
// and 4: 24, 29 and 53 ms for 63, 53 and 52 kB.
const AVIF = { effort: 0, chromaSubsampling: '4:2:0' } as const
const WEBP = { effort: 2 } as const

/** Encodes a rendition. Alpha is kept where the format has it, and becomes white elsewhere. */
export function encoded(image: Sharp, { format, quality }: Rendition): Sharp {
  switch (format) {
    case 'jpeg':
      return image.flatten({ background: 'white' }).jpeg({ ...OPTIONS.turbo, ...(quality && { quality }) })
    case 'webp':
      return image.webp({ ...WEBP, ...(quality && { quality }) })
    case 'avif':
      return image.avif({ ...AVIF, ...(quality && { quality }) })
    case 'png':
      return image.png()
  }
}
