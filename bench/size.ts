import type { Kind } from './environment.ts'

/** How much is measured. */
export interface Size {
  name: 'quick' | 'default' | 'long'
  rounds: number
  /** Of load, for each side and round. */
  seconds: number
  /** Six-megapixel images for each side and round; of small ones eight times as many. */
  images: number
  /** Products in the large catalogue. */
  catalogue: number
  /** Due rows in the backlog. */
  backlog: number
  /** Small images that are due before the worker starts. */
  drained: number
  /** Six-megapixel images through one worker. */
  lifetime: number
}

export const SIZES: Record<Size['name'], Size> = {
  quick: {
    name: 'quick',
    rounds: 2,
    seconds: 1,
    images: 100,
    catalogue: 50_000,
    backlog: 50_000,
    drained: 1000,
    lifetime: 500
  },
  default: {
    name: 'default',
    rounds: 5,
    seconds: 4,
    images: 400,
    catalogue: 1_000_000,
    backlog: 1_000_000,
    drained: 20_000,
    lifetime: 10_000
  },
  long: {
    name: 'long',
    rounds: 11,
    seconds: 10,
    images: 800,
    catalogue: 1_000_000,
    backlog: 1_000_000,
    drained: 20_000,
    lifetime: 20_000
  }
}

/** Small pictures go through this many times as fast. */
const SMALL = 8

export const imagesOf = ({ images }: Size, kind: Kind) => (kind === '6mp' ? images : images * SMALL)
