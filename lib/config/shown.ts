import { type Static, Type } from '@sinclair/typebox'
import type { Variables } from './read-settings.ts'
import { SECRETS, Settings } from './settings.ts'

export const ShownSetting = Type.Object(
  {
    name: Type.String({ examples: ['MAX_ATTEMPTS'] }),
    description: Type.String(),
    source: Type.Unsafe<'set' | 'file' | 'default'>({
      type: 'string',
      enum: ['set', 'file', 'default'],
      description:
        'set: by a variable of the environment or .env. file: by the variable with _FILE at its end'
    }),
    is_secret: Type.Boolean(),
    value: Type.Union([Type.String(), Type.Null()], {
      description:
        'Null for a secret, and for a setting without a value. URLs lack credentials and query, those of ' +
        'receivers their path, too'
    })
  },
  { description: 'A setting in force' }
)
export type ShownSetting = Static<typeof ShownSetting>

/** Returns the settings as an operator may see them. `given`: the variables that they were read from. */
export function shownSettings(settings: Settings, given: Variables): ShownSetting[] {
  const values = new Map<string, unknown>(Object.entries(settings))
  return Object.entries(Settings.properties).map(([name, { description = '' }]) => {
    const value = values.get(name)
    const is_secret = SECRETS.includes(name)
    const isHidden = is_secret || value === undefined || value === ''
    const source =
      given[`${name}_FILE`]?.trim() && is_secret ? 'file' : given[name]?.trim() ? 'set' : 'default'
    const shown = isHidden ? null : withoutSecrets(String(value), SECRET_PATHS.includes(name))
    return { name, description, source, is_secret, value: shown }
  })
}

/** URLs that may have a key in their path, as receivers of chat services do. */
const SECRET_PATHS = ['WEBHOOK_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT']

/** Receivers and proxies take keys as part of their URLs. */
function withoutSecrets(value: string, isPathSecret: boolean): string {
  if (!URL.canParse(value) || !value.includes('://')) return value
  const url = new URL(value)
  const address = `${url.protocol}//${url.username || url.password ? '…@' : ''}${url.host}`
  if (isPathSecret) return url.href === `${url.origin}/` ? url.href : `${address}/…`
  return address + url.pathname + (url.search || url.hash ? '?…' : '')
}
