import { AppError } from '../http/app-error.ts'
import { type Change, edit } from './changes.ts'
import { fieldsOf } from './fields.ts'
import type { ProductRecord } from './record.ts'

/** What an operator puts in the place of an image's source. */
export interface NewSource {
  image_id: string
  source_url: string
  /** The name of the caller. */
  actor: string
}

/**
 * Returns the change that a PUT makes with the new source in each place of the old one, and the audit of it.
 * Throws `not_found`, and `invalid_input` if the product has the source already.
 */
export function replaceSource(record: ProductRecord, { image_id, source_url: to, actor }: NewSource): Change {
  const from = record.images.find(({ id }) => id === image_id)?.source_url
  if (from === undefined) throw imageNotFound()
  if (record.product_images.includes(to)) throw sourceRefused('must not be a source of the product already')
  const product_images = record.product_images.map((source) => (source === from ? to : source))
  const subject = { product_id: record.id, from, to }
  return {
    ...edit(record, { ...fieldsOf(record), product_images }),
    audit: { actor, act: 'image.replace', subject }
  }
}

export const imageNotFound = () => new AppError('not_found', 'There is no such image, or it was removed.')

/** `problem`: in words that follow the name of a field. */
export const sourceRefused = (problem: string) =>
  new AppError('invalid_input', `The source ${problem}.`, [{ pointer: '/source_url', detail: problem }])
