/** A product's version as a strong entity tag. */
export const toETag = (version: number) => `"${version}"`

/** If-Match: the product is changed only at one of these versions. A weak tag never matches (RFC 9110). */
export function ifMatch(header: string | undefined): ((version: number) => boolean) | undefined {
  if (header === undefined) return undefined
  const tags = tagsOf(header)
  return (version) => tags.includes('*') || tags.includes(toETag(version))
}

/** If-None-Match: the client has the product at one of these versions. */
export function isKnown(header: string | undefined, version: number): boolean {
  if (header === undefined) return false
  const tags = tagsOf(header).map((tag) => tag.replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(toETag(version))
}

const tagsOf = (header: string) => header.split(',').map((tag) => tag.trim())
