/** The middle of the values, a quantile of them for a `share` other than a half. */
export function quantile(values: number[], share = 0.5): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low + (high - low) * (at % 1)
}

/** How far the values lie apart, as a part of their middle. */
export const spread = (values: number[]) => (Math.max(...values) - Math.min(...values)) / quantile(values)
