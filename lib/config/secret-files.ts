import { readFileSync } from 'node:fs'
import { reasonOf } from '../log/log.ts'
import { ConfigError } from './error.ts'
import type { Variables } from './read-settings.ts'
import { SECRETS } from './settings.ts'

/** Adds each secret that NAME_FILE names a file for, as Docker and Kubernetes mount them. */
export function withSecretFiles(variables: Variables): Variables {
  const secrets = SECRETS.flatMap((name) => {
    const path = variables[`${name}_FILE`]?.trim()
    return path ? [[name, secretIn(path, name, variables)]] : []
  })
  return { ...variables, ...Object.fromEntries(secrets) }
}

function secretIn(path: string, name: string, variables: Variables): string {
  if (variables[name]?.trim())
    throw new ConfigError(`${name} and ${name}_FILE exclude each other: unset one of them`)
  const secret = read(path, `${name}_FILE`)
  if (secret) return secret
  throw new ConfigError(`${name}_FILE cannot be used: ${path} is empty`)
}

/** Editors end a file with a line break. */
function read(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`${setting} cannot be used: ${reasonOf(error)}`)
  }
}
