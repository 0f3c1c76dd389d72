/**
 * Returns the first `limit` of the rows that a query of one more has found, and the id of the last one of
 * them if there are more.
 */
export function pageOf<T extends { id: string | number }>(
  found: T[],
  limit: number
): { rows: T[]; next: string | null } {
  const rows = found.slice(0, limit)
  return { rows, next: found.length > limit ? String(rows.at(-1)?.id) : null }
}
