const HANDLING = /(?:^|,)\s*handling\s*=\s*"?(\w+)/i

/** Whether a Prefer header asks that unknown fields are refused. The first preference counts (RFC 7240). */
export function prefersStrict(header: string | string[] | undefined): boolean {
  return header !== undefined && HANDLING.exec(String(header))?.[1]?.toLowerCase() === 'strict'
}
