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
  if (protocols.some((protocol) => value.startsWith(`${protocol}//`))) throw unreadable(name)
  throw new ConfigError(
    `${name} cannot be used: it must be a URL that begins with ${protocols.join('// or ')}//`
  )
}

/** For a server's URL with its login. An unencoded #, @ or / would end the password early, unnoticed. */
export function checkServerUrl(name: string, value: string, protocols: string[]): string {
  const { username, password, pathname, search, hash } = new URL(checkUrl(name, value, protocols))
  const isCut = hash !== '' || /@/.test(pathname) || /^[^=]*@/.test(search)
  if (isCut || !isEncoded(username) || !isEncoded(password)) throw unreadable(name)
  return value
}

/** For a URL that is published or appears in messages: a login in it would leak, and is never sent. */
export function checkUrlWithoutLogin(name: string, value: string, protocols: string[]): string {
  const { username, password } = new URL(checkUrl(name, value, protocols))
  if (username === '' && password === '') return value
  throw new ConfigError(`${name} cannot be used: it must not contain a user name or password`)
}

/** For a URL that a path is appended to. Returns it without a slash at its end. */
export function checkBaseUrl(name: string, value: string): string {
  if (/[?#\s]/.test(value))
    throw new ConfigError(
      `${name} cannot be used: paths are appended to it, so it must not contain ?, # or spaces`
    )
  return checkUrlWithoutLogin(name, value, ['http:', 'https:']).replace(/\/+$/, '')
}

const unreadable = (name: string) =>
  new ConfigError(
    `${name} cannot be used: it is not a valid URL. Encode special characters in the user name and password: ` +
      '# as %23, / as %2F, ? as %3F, @ as %40, % as %25'
  )

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
