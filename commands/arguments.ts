/** A whole number above 0, as an argument or the value of an option. Throws a UsageError that names it. */
export function positive(name: string, text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw new UsageError(`${name} must be a whole number above 0, not "${text}"`)
}

/** One of the choices. Throws a UsageError that names them. */
export function oneOf<const T extends string>(name: string, text: string, choices: readonly T[]): T {
  const chosen = choices.find((known) => known === text)
  if (chosen !== undefined) return chosen
  throw new UsageError(`There is no ${name} ${text}; there are ${choices.join(', ')}`)
}

/** The command line does not fit; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
