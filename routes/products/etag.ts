import type { CachedProduct } from '../../lib/cache/cache.ts'

/**
 * A product as a strong entity tag: its version, and a digest, because the URLs in it follow from settings
 * that change without a new version.
 */
export const toETag = ({ version, digest }: CachedProduct) => `"${version}-${digest}"`

/** If-Match: the product is changed only at one of these versions. A weak tag never matches (RFC 9110). */
export function ifMatch(header: string | undefined): ((version: number) => boolean) | undefined {
  if (header === undefined) return undefined
  const tags = tagsOf(header)
  const versions = tags.map((tag) => /^"(\d+)(-[0-9a-f]{8})?"$/.exec(tag)?.[1])
  return (version) => tags.includes('*') || versions.includes(String(version))
}

/** If-None-Match: the client has the product as it is now. */
export function isKnown(header: string | undefined, product: CachedProduct): boolean {
  if (header === undefined) return false
  const tags = tagsOf(header).map((tag) => tag.replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(toETag(product))
}

const tagsOf = (header: string) => header.split(',').map((tag) => tag.trim())
