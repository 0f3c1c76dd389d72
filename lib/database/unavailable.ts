/**
 * SQLSTATEs of a server that is starting, stopping, full, or gone; that took too long (57014) or chose
 * another's statement in a deadlock (class 40); that was demoted in a failover and may only be read (25006).
 * All end well when tried again.
 */
const UNAVAILABLE = /^(08|53|57P|57014|40|25006)/

const NETWORK = /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT)$/

/** What pg says, without a code, of connections that broke or could not be had in time. */
const CONNECTION_MESSAGE =
  /^(Connection terminated|timeout (exceeded when trying to connect|expired)|Client (has encountered|was closed)|Query read timeout)/

/** Whether a rejected query says that the database is away rather than that the query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return CONNECTION_MESSAGE.test(error.message)
  return UNAVAILABLE.test(code) || NETWORK.test(code)
}
