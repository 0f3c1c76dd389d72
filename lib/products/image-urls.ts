import { isOwnKey } from '../storage/object-key.ts'
import { type ImageRow, mapValues } from './record.ts'

/** Returns the public URL of an object by today's settings. */
export type UrlOf = (key: string) => string

/**
 * Returns the record with today's URLs: a row keeps an object's key and the URL of the day on which it was
 * stored. What the Go service stored keeps the URL that it wrote.
 */
export function withUrls<R extends { images: ImageRow[] }>(record: R, urlOf: UrlOf): R {
  return { ...record, images: record.images.map((row) => rowWithUrls(row, urlOf)) }
}

const rowWithUrls = (row: ImageRow, urlOf: UrlOf): ImageRow => ({
  ...row,
  url: urlToday(row, urlOf),
  renditions: mapValues(row.renditions, (stored) => ({ ...stored, url: urlOf(stored.key) }))
})

export const urlToday = ({ object_key, url }: Pick<ImageRow, 'object_key' | 'url'>, urlOf: UrlOf) =>
  object_key && isOwnKey(object_key) ? urlOf(object_key) : url
