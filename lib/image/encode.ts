import type { Sharp } from 'sharp'

const QUALITY = 75

/** Encodes as JPEG: quality 75, 4:2:0, on white, without metadata. */
export const asJpeg = (image: Sharp): Sharp =>
  image.flatten({ background: 'white' }).jpeg({ quality: QUALITY })
