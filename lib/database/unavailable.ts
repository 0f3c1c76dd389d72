/**
 * SQLSTATEs that a retry may resolve: the server is starting, stopping, full or gone; the statement timed out
 * (57014) or was rolled back, as in a deadlock (class 40); a failover made the server read-only (25006); its
 * disk failed (class 58).
 */
const UNAVAILABLE = /^(08|53|57P|57014|40|25006|58)/

const NETWORK = /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT)$/

/** Messages of pg, which have no code, for connections that broke or could not be opened in time. */
const CONNECTION_MESSAGES = [
  /^Connection terminated/,
  /^timeout (exceeded when trying to connect|expired)/,
  /^Client (has encountered|was closed)/,
  /^Query read timeout/
]

/** Whether a rejected query says that the database is away rather than that the query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return CONNECTION_MESSAGES.some((message) => message.test(error.message))
  return UNAVAILABLE.test(code) || NETWORK.test(code)
}
