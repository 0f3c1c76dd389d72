#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { dead, usage as deadUsage } from './commands/dead.ts'
import { failed, usage as failedUsage } from './commands/failed.ts'
import { migrate, usage as migrateUsage } from './commands/migrate.ts'
import { objects, usage as objectsUsage } from './commands/objects.ts'
import { UsageError } from './commands/usage.ts'
import { type Config, ConfigError, loadConfig } from './lib/config.ts'
import { AppError } from './lib/errors.ts'
import { VERSION } from './lib/version.ts'

const COMMANDS: Record<string, (config: Config, args: string[]) => Promise<void>> = {
  dead,
  failed,
  migrate,
  objects
}

const USAGE = `asyncprod                              serves, as the settings in the environment and .env say
${deadUsage}
${failedUsage}
${objectsUsage}
${migrateUsage}
asyncprod --help | --version`

const [command = 'serve', ...args] = process.argv.slice(2)

try {
  await run()
} catch (error) {
  const usage = error instanceof UsageError || isArgumentError(error)
  console.error(usage || error instanceof ConfigError || error instanceof AppError ? error.message : error)
  process.exitCode = usage ? 2 : 1
}

/** `util.parseArgs` throws a TypeError for an option that nobody knows. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

async function run(): Promise<void> {
  if (command === 'serve') return void (await import('./server.ts'))
  if (command === '--version') return console.log(VERSION)
  if (command === '--help') return console.log(USAGE)
  const work = COMMANDS[command]
  if (!work) throw new UsageError(USAGE)
  if (existsSync('.env')) process.loadEnvFile('.env')
  await work(loadConfig(process.env), args)
}
