/** A setting that cannot be used. The message names the variable and what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Throws what the parser throws as a ConfigError of that variable. */
export function parse<T>(name: string, value: string, parser: (text: string) => T): T {
  try {
    return parser(value)
  } catch (error) {
    throw new ConfigError(`${name} cannot be used: ${error instanceof Error ? error.message : error}`)
  }
}

/** The value stays out of the message: it may hold a password. */
export function checkUrl(name: string, value: string, protocols: string[]): string {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value
  throw new ConfigError(
    `${name} cannot be used: it must be a URL that begins with ${protocols.join('// or ')}//`
  )
}

/** For URLs whose login nobody would send, but which are published or end up in messages as they are. */
export function checkUrlWithoutLogin(name: string, value: string, protocols: string[]): string {
  const { username, password } = new URL(checkUrl(name, value, protocols))
  if (username === '' && password === '') return value
  throw new ConfigError(`${name} cannot be used: it must not contain a user name or password`)
}
