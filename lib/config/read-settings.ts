import { Ajv, type ErrorObject } from 'ajv'
import { ConfigError } from './error.ts'
import { Settings } from './settings.ts'

export type Variables = Record<string, string | undefined>

/** Returns the settings with their defaults and types. Empty or blank means not set. */
export function readSettings(variables: Variables): Settings {
  const data: Variables = {}
  const settings: Record<string, unknown> = {}
  const given: Record<string, object> = {}
  for (const [name, schema] of Object.entries(Settings.properties)) {
    const value = variables[name]
    if (value?.trim()) {
      data[name] = settings[name] = value
      given[name] = schema
    } else if ('default' in schema) settings[name] = schema.default
  }
  // With strictNumbers Ajv ignores Infinity instead of comparing it with the maximum. A test checks the
  // schema itself: to do so here would cost 3% of a start. Code that runs once is not worth optimizing, and
  // with the settings that are not given it took 9 ms longer.
  const ajv = new Ajv({
    coerceTypes: true,
    strictNumbers: false,
    validateSchema: false,
    code: { optimize: false }
  })
  if (ajv.validate<Settings>({ ...Settings, properties: given }, settings)) return settings
  throw new ConfigError((ajv.errors ?? []).map((error) => explain(error, data)).join('; '))
}

function explain({ instancePath, message, params }: ErrorObject, data: Variables): string {
  const name = instancePath.slice(1)
  const allowed = 'allowedValues' in params ? `: ${String(params.allowedValues).replaceAll(',', ', ')}` : ''
  return `${name}=${data[name]} cannot be used: it ${message}${allowed}`
}
