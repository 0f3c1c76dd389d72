import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { reasonOf } from '../log/log.ts'
import { ConfigError } from './error.ts'

const FILE = '.env'

/** Adds the variables of `.env` in the working folder, if there is one, to those that are set already. */
export function loadEnvFile(variables: NodeJS.ProcessEnv): void {
  const text = read()
  if (text === null) return
  for (const [name, value] of Object.entries(parseEnv(text))) variables[name] ??= value
}

function read(): string | null {
  try {
    return decode(readFileSync(FILE))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new ConfigError(`${FILE} cannot be used: ${reasonOf(error)}`)
  }
}

/** Editors on Windows write UTF-16, and UTF-8 with a byte order mark. */
function decode(bytes: Buffer): string {
  const mark = bytes.toString('hex', 0, 2)
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // The error below says so.
  }
  throw new Error('save it as UTF-8; it is neither that nor UTF-16 with a byte order mark')
}
