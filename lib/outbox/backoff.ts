import type { Claim } from './row.ts'

export interface RetryPolicy {
  maxAttempts: number
  baseMs: number
}

const LONGEST_WAIT_MS = 10 * 60_000

/**
 * Returns the milliseconds to wait after attempt number `attempt` (from 1). The wait doubles with each
 * attempt, up to LONGEST_WAIT_MS. Jitter takes off up to half, so that images that failed together are not
 * retried together. The wait is never shorter than the origin's Retry-After.
 */
export function retryWaitMs(
  { baseMs }: RetryPolicy,
  attempt: number,
  retryAfterMs = 0,
  random = Math.random
): number {
  const longest = Math.min(baseMs * 2 ** (attempt - 1), LONGEST_WAIT_MS)
  return Math.round(Math.max(longest * (1 - random() / 2), retryAfterMs))
}

/** Returns the `retryMs` of a relay whose rows are given up after `maxAttempts` claims. */
export const withBackoff =
  (policy: RetryPolicy) =>
  ({ claims }: Claim): number | null =>
    claims < policy.maxAttempts ? retryWaitMs(policy, claims) : null
