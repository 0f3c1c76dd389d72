#!/usr/bin/env node
import type { Config } from './lib/config/config.ts'

type Work = (config: Config, args: string[]) => Promise<void>

/** Imported on use: a start of the service should not load what it does not run. */
const COMMANDS: Record<string, () => Promise<Work>> = {
  actions: async () => (await import('./commands/actions.ts')).actions,
  backup: async () => (await import('./commands/backup/backup.ts')).backup,
  check: async () => (await import('./commands/check.ts')).check,
  dead: async () => (await import('./commands/dead-letters.ts')).dead,
  export: async () => (await import('./commands/export.ts')).exportFile,
  failed: async () => (await import('./commands/failed-images.ts')).failed,
  import: async () => (await import('./commands/import/import.ts')).importFile,
  move: async () => (await import('./commands/move/move.ts')).move,
  migrate: async () => (await import('./commands/migrate.ts')).migrate,
  objects: async () => (await import('./commands/orphans.ts')).objects,
  openapi: async () => (await import('./commands/openapi.ts')).openapi,
  pause: async () => (await import('./commands/pause.ts')).pause,
  resume: async () => (await import('./commands/pause.ts')).resume,
  renditions: async () => (await import('./commands/renditions/renditions.ts')).renditions,
  restore: async () => (await import('./commands/backup/restore.ts')).restore,
  urls: async () => (await import('./commands/urls.ts')).urls
}

/** JavaScript's own errors are faults of the program, and their stack is for developers. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError]

const OLDEST_NODE = 24

const [command = 'serve', ...args] = process.argv.slice(2)

try {
  await run()
} catch (error) {
  const usage = isUsageError(error)
  const { reasonOf } = await import('./lib/log/log.ts')
  console.error(usage || !isFault(error) ? reasonOf(error) : error)
  // Connections to a server that does not respond would keep the process.
  process.exit(usage ? 2 : 1)
}

async function run(): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    const { StartError } = await import('./lib/startup/wait-for-server.ts')
    throw new StartError(`AsyncProd needs Node ${OLDEST_NODE} or newer; this is ${process.versions.node}.`)
  }
  if (['--help', '-h', 'help'].includes(command)) return console.log(await help())
  if (args.includes('--help')) return console.log(await helpOfCommand())
  if (command === 'serve') return void (await import('./server.ts'))
  if (command === 'demo') return (await import('./commands/demo/demo.ts')).demo(process.env, args)
  if (['--version', '-v', 'version'].includes(command))
    return console.log((await import('./lib/version.ts')).VERSION)
  const work = (await COMMANDS[command]?.()) ?? (await unknown())
  const { loadEnvFile } = await import('./lib/config/env-file.ts')
  const { loadConfig } = await import('./lib/config/config.ts')
  loadEnvFile(process.env)
  await work(loadConfig(process.env), args)
}

async function help(): Promise<string> {
  return (await import('./commands/help.ts')).help
}

async function helpOfCommand(): Promise<string> {
  if (command === 'serve') return await help()
  return (await import('./commands/help.ts')).helpOf(command) || (await unknown())
}

async function unknown(): Promise<never> {
  const { UsageError } = await import('./commands/arguments.ts')
  throw new UsageError(`There is no command ${command}.\n\n${await help()}`)
}

/** fetch throws a TypeError, too. It has a cause. */
function isFault(error: unknown): boolean {
  return FAULTS.some((kind) => error instanceof kind && !error.cause)
}

/** `util.parseArgs` throws a TypeError for an unknown option. */
function isUsageError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  return error.name === 'UsageError' || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
}
