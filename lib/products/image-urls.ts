import { isOwnKey } from '../storage/object-key.ts'
import { type ImageRow, mapValues } from './record.ts'

/** Returns the public URL of an object by today's settings. */
export type UrlOf = (key: string) => string

/**
 * Returns the record with today's URLs: a row keeps an object's key and the URL of the day on which it was
 * stored. What the Go service stored keeps the URL that it wrote.
 */
export function withUrls<Row extends StoredRow, R extends { images: Row[] }>(
  record: R & { images: Row[] },
  urlOf: UrlOf
): R {
  return { ...record, images: record.images.map((row) => rowWithUrls(row, urlOf)) }
}

type StoredRow = Pick<ImageRow, 'object_key' | 'url' | 'renditions'>

const rowWithUrls = <Row extends StoredRow>(row: Row, urlOf: UrlOf): Row => ({
  ...row,
  url: urlToday(row, urlOf),
  renditions: mapValues(row.renditions, (stored) => ({ ...stored, url: urlOf(stored.key) }))
})

export const urlToday = ({ object_key, url }: Pick<ImageRow, 'object_key' | 'url'>, urlOf: UrlOf) =>
  object_key && isOwnKey(object_key) ? urlOf(object_key) : url
