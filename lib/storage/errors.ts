import { ImageError } from '../image/error.ts'

export const notStored = (cause: unknown) =>
  new ImageError('storage', 'The image could not be stored and will be retried.', { transient: true, cause })
