/**
 * Returns a quantile of durations in milliseconds, or null without any. `buckets` holds their numbers: bucket
 * n begins at 10 ms * 2 ^ (n / 2). The result is interpolated within its bucket and right to about a tenth.
 */
export function quantileMs(buckets: number[], quantile: number): number | null {
  const total = buckets.reduce((sum, n) => sum + n, 0)
  if (total === 0) return null
  let rest = quantile * total
  for (const [bucket, n] of buckets.entries()) {
    if (rest <= n) return Math.round(10 * 2 ** ((bucket + rest / n) / 2))
    rest -= n
  }
  return null
}
