import { ImageError } from '../image/error.ts'

/**
 * The decoder ended, but not necessarily because of the picture: the decoder had not received it, or was
 * killed from outside.
 */
export class DecoderLost extends Error {
  override readonly name = 'DecoderLost'
}

const MB = 1024 * 1024
const CURE = 'save it with another program and send that'

export const endedDecoder = (how: string, cause?: unknown) =>
  new ImageError('corrupt_image', `The image ended its decoder (${how}): ${CURE}`, { cause })

export const tooSlow = (seconds: number) =>
  new ImageError('timeout', `Decoding the image takes more than ${seconds} seconds: ${CURE}`)

export const tooMuchCpu = (seconds: number) =>
  new ImageError('timeout', `Decoding the image takes more than ${seconds} seconds of CPU: ${CURE}`)

export const tooMuchMemory = (bytes: number) =>
  new ImageError(
    'too_many_pixels',
    `Decoding the image takes more than ${Math.floor(bytes / MB)} MB of memory: send a smaller one`
  )
