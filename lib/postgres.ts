/** SQLSTATE classes of a server that is starting, stopping, full, or gone. */
const UNAVAILABLE = /^(08|53|57P)/

/** Whether a rejected query says that the database is away rather than that the query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: string }
  if (code && /^[0-9A-Z]{5}$/.test(code)) return UNAVAILABLE.test(code)
  return (
    code !== undefined || /connection|timeout|Client has encountered|Cannot use a pool/i.test(error.message)
  )
}
