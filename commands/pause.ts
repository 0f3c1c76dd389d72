import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { setIntake } from '../client/src/index.ts'
import type { Config } from '../lib/config/config.ts'
import { UsageError } from './arguments.ts'
import { existingParts } from './existing-parts.ts'
import { CONNECTION_OPTIONS, throwingClientOf } from './service-client.ts'

export const usage = `\
asyncprod pause [--reason <text>] [--url <address>] [--key-file <file>]    pauses all work of all processes
asyncprod resume [--url <address>] [--key-file <file>]                     ends a pause`

/** `asyncprod pause`: requests are still served, and images wait. */
export const pause = (config: Config, args: string[]) => set(true, config, args)

/** `asyncprod resume`: ends a pause. */
export const resume = (config: Config, args: string[]) => set(false, config, args)

async function set(paused: boolean, config: Config, args: string[]): Promise<void> {
  const options = { ...CONNECTION_OPTIONS, reason: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const { reason } = values
  if (positionals.length > 0 || (reason && !paused)) throw new UsageError(usage)
  if (values.url) {
    const client = await throwingClientOf(values, config)
    await setIntake({ client, body: { paused, ...(reason && { reason }) }, throwOnError: true })
  } else await setHere(paused, config, reason ?? null)
  const resumption = values.url ? `asyncprod resume --url ${values.url}` : 'asyncprod resume'
  console.log(paused ? `All work is paused; \`${resumption}\` ends that` : 'Work is taken again')
}

async function setHere(paused: boolean, config: Config, reason: string | null): Promise<void> {
  await using app = await existingParts(config, 'call')
  const actor = `cli:${userInfo().username}`
  if (!paused) return await app.controls.remove('intake', '', actor)
  await app.controls.put({ kind: 'intake', subject: '', rule: 'pause', places: null, reason }, actor)
}
