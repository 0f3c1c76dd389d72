#!/usr/bin/env node
import { existsSync } from 'node:fs'
import type { Config } from './lib/config/config.ts'

type Work = (config: Config, args: string[]) => Promise<void>

/** Loaded when asked for: a start as a server should not read what it will not run. */
const COMMANDS: Record<string, () => Promise<Work>> = {
  check: async () => (await import('./commands/check.ts')).check,
  dead: async () => (await import('./commands/dead-letters.ts')).dead,
  demo: async () => (await import('./commands/demo/demo.ts')).demo,
  failed: async () => (await import('./commands/failed-images.ts')).failed,
  migrate: async () => (await import('./commands/migrate.ts')).migrate,
  objects: async () => (await import('./commands/orphans.ts')).objects,
  openapi: async () => (await import('./commands/openapi.ts')).openapi
}

/** Errors that say what to do; the stack of others is for whoever mends the program. */
const EXPECTED = ['ConfigError', 'StartError', 'AppError']

const OLDEST_NODE = 24

const [command = 'serve', ...args] = process.argv.slice(2)

try {
  await run()
} catch (error) {
  const usage = isUsageError(error)
  console.error(usage || (error instanceof Error && EXPECTED.includes(error.name)) ? error.message : error)
  process.exitCode = usage ? 2 : 1
}

async function run(): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    const { StartError } = await import('./lib/startup/wait-for-server.ts')
    throw new StartError(`AsyncProd needs Node ${OLDEST_NODE} or newer; this is ${process.versions.node}.`)
  }
  if (command === 'serve') return void (await import('./server.ts'))
  if (['--version', '-v', 'version'].includes(command))
    return console.log((await import('./lib/version.ts')).VERSION)
  if (['--help', '-h', 'help'].includes(command)) return console.log(await help())
  const work = (await COMMANDS[command]?.()) ?? (await unknown())
  const { loadConfig } = await import('./lib/config/config.ts')
  if (existsSync('.env')) process.loadEnvFile('.env')
  await work(loadConfig(process.env), args)
}

async function help(): Promise<string> {
  return (await import('./commands/help.ts')).help
}

async function unknown(): Promise<never> {
  const { UsageError } = await import('./commands/arguments.ts')
  throw new UsageError(`There is no command ${command}.\n\n${await help()}`)
}

/** `util.parseArgs` throws a TypeError for an option that nobody knows. */
function isUsageError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  return error.name === 'UsageError' || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
}
