import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

export type ServerName = 'postgres' | 'pgbouncer' | 'redis' | 'rabbitmq' | 's3'

type Needs = {
  programs: string[]
  packages: string[]
  /** Names a server to use instead. */
  variable: string
}

export const SERVERS: Record<ServerName, Needs> = {
  postgres: {
    programs: ['initdb', 'postgres'],
    packages: ['postgresql'],
    variable: 'TEST_DATABASE_URL'
  },
  pgbouncer: {
    programs: ['pgbouncer'],
    packages: ['pgbouncer'],
    variable: 'TEST_DATABASE_URL'
  },
  redis: {
    programs: ['redis-server'],
    packages: ['redis-server'],
    variable: 'TEST_REDIS_URL'
  },
  rabbitmq: {
    programs: ['rabbitmq-server', 'rabbitmqctl', 'epmd'],
    packages: ['rabbitmq-server'],
    variable: 'TEST_RABBITMQ_URL'
  },
  s3: {
    programs: ['account', 'container', 'object', 'proxy']
      .map((part) => `swift-${part}-server`)
      .concat('memcached'),
    packages: ['swift-account', 'swift-container', 'swift-object', 'swift-proxy', 'memcached'],
    variable: 'TEST_S3_ENDPOINT'
  }
}

/**
 * Where packages keep programs that are not on the PATH, or are there behind a wrapper that resets
 * variables.
 */
const FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/lib/rabbitmq/bin',
  '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin',
  '/opt/homebrew/opt/{postgresql@*,rabbitmq}/{bin,sbin}'
]

/** The path of a server's program, or undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const packaged = globSync(FOLDERS).sort().reverse()
  const onPath = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin')
  return [...packaged, ...onPath].map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** The path of an installed server's program. */
export function program(name: string): string {
  const path = findProgram(name)
  if (!path) throw new Error(`${name} is not installed`)
  return path
}

let installing: Promise<void> | undefined

/**
 * Checks that these servers' programs exist. As root on Debian or Ubuntu it installs what is missing, for
 * every server that no TEST_ variable names, and says so on stderr (stdout belongs to TAP).
 * @throws elsewhere, with the ways out
 */
export async function ensureInstalled(...servers: ServerName[]): Promise<void> {
  if (missing(servers).length === 0) return
  if (process.getuid?.() !== 0 || !findProgram('apt-get')) throw new Error(waysOut(missing(servers)))
  installing ??= install(missing(wanted()))
  await installing
  if (missing(servers).length > 0) throw new Error(waysOut(missing(servers)))
}

/** The servers that no TEST_ variable names, and that have to be started therefore. */
export function wanted(): ServerName[] {
  const names: ServerName[] = ['postgres', 'pgbouncer', 'redis', 'rabbitmq', 's3']
  return names.filter((name) => !process.env[SERVERS[name].variable])
}

/** Which of the servers lack a program. */
export function missing(servers: ServerName[], find = findProgram): ServerName[] {
  return servers.filter((name) => !SERVERS[name].programs.every(find))
}

/** What a person can do about missing servers. */
export function waysOut(servers: ServerName[]): string {
  const packages = servers.flatMap((name) => SERVERS[name].packages)
  const variables = [...new Set(servers.map((name) => SERVERS[name].variable))]
  if (servers.includes('s3')) variables.push('TEST_S3_ACCESS_KEY', 'TEST_S3_SECRET_KEY')
  return `The tests need real servers, and these are not installed: ${servers.join(', ')}. Either
  - install ${packages.join(' ')}
    (these are Debian's names; run as root on Debian or Ubuntu, the tests do it themselves),
  - docker compose up, and name its servers in
    ${variables.join(', ')},
  - or npm run test:embedded, which needs none of them.`
}

/**
 * The path of a program, or undefined. As root on Debian or Ubuntu its package is installed if need be.
 */
export async function installed(names: string | string[], packageName: string): Promise<string | undefined> {
  const found = () =>
    [names]
      .flat()
      .map(findProgram)
      .find((path) => path !== undefined)
  if (found() || process.getuid?.() !== 0 || !findProgram('apt-get')) return found()
  console.error(`Installing ${packageName}: about half a minute, once`)
  await installPackages([packageName]).catch((error) =>
    console.error(`${packageName} cannot be installed: ${error.message}`)
  )
  return found()
}

async function install(servers: ServerName[]): Promise<void> {
  const packages = servers.flatMap((name) => SERVERS[name].packages)
  console.error(`Installing ${packages.join(' ')}: about half a minute, once`)
  try {
    await installPackages(packages)
  } catch (cause) {
    throw new Error(`${waysOut(servers)}\nThe cause is that apt-get failed.`, { cause })
  }
}

async function installPackages(packages: string[]): Promise<void> {
  const script = join(import.meta.dirname, './install.sh')
  // several test processes may find the same gap at once; apt-get itself only waits for some of its locks
  await promisify(execFile)('flock', [script, 'sh', script, ...packages], { maxBuffer: 64 << 20 })
}
