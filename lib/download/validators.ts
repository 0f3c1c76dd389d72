/** What an origin said of a file, by which a later request can ask whether the file has changed. */
export interface Validators {
  /** Of the response, after redirects: validators of another URL say nothing. */
  url: string
  etag?: string
  last_modified?: string
}

/** The origin responded that its file is the one that the validators are of. */
export class NotModified extends Error {
  override readonly name = 'NotModified'
}

/** They come from a stranger and are sent again: nothing but what the standard allows, and not too long. */
const ETAG = /^(W\/)?"[\x21\x23-\x7e]{0,200}"$/
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** Returns the validators of a response, null if there are none. */
export function validatorsOf(url: string, headers: Record<string, unknown>): Validators | null {
  const { etag, 'last-modified': date } = headers
  const given = {
    ...(typeof etag === 'string' && ETAG.test(etag) && { etag }),
    ...(typeof date === 'string' && DATE.test(date) && { last_modified: date })
  }
  return Object.keys(given).length > 0 ? { url, ...given } : null
}

/** Returns the headers that ask for the file only if it is another; none for another URL. */
export function conditionsFor(url: string, known: Validators | undefined): Record<string, string> {
  if (known?.url !== url) return {}
  return {
    ...(known.etag !== undefined && { 'if-none-match': known.etag }),
    ...(known.last_modified !== undefined && { 'if-modified-since': known.last_modified })
  }
}
