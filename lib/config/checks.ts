import { ConfigError } from './error.ts'

/** Returns the parsed value. Throws a ConfigError that names the variable when the parser throws. */
export function parse<T>(name: string, value: string, parser: (text: string) => T): T {
  try {
    return parser(value)
  } catch (error) {
    throw new ConfigError(`${name} cannot be used: ${error instanceof Error ? error.message : error}`)
  }
}

/** Returns the URL unchanged. The message leaves out the value: it may hold a password. */
export function checkUrl(name: string, value: string, protocols: string[]): string {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value
  throw new ConfigError(
    `${name} cannot be used: it must be a URL that begins with ${protocols.join('// or ')}//`
  )
}

/** For URLs that are published or appear in messages as they are: a login in them would leak, and is never sent. */
export function checkUrlWithoutLogin(name: string, value: string, protocols: string[]): string {
  const { username, password } = new URL(checkUrl(name, value, protocols))
  if (username === '' && password === '') return value
  throw new ConfigError(`${name} cannot be used: it must not contain a user name or password`)
}
