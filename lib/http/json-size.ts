const MAX_LEVELS = 32

/** Whether a value is at most so many bytes of JSON, and not nested so deeply that a parser could fail. */
export const fitsInto = (bytes: number, value: unknown): boolean =>
  !isDeeper(value, MAX_LEVELS) && Buffer.byteLength(JSON.stringify(value)) <= bytes

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}

export const sizeProblem = (bytes: number) =>
  `must be at most ${bytes} bytes of JSON, nested at most ${MAX_LEVELS} levels`
