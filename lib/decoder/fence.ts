import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How a decoder is started, and what it is kept from. */
export interface Fence {
  command: string
  args: string[]
  env: Record<string, string>
  /** What keeps a decoder from harm here, a phrase each. */
  inForce: string[]
  /** What this system does not offer, a phrase each. */
  missing: string[]
}

interface Helper {
  name: string
  args: string[]
  keeps: string
}

/**
 * Programs of util-linux that restrict another program and need no privileges themselves. The order matters:
 * a new user namespace would clear the parent-death signal. The namespace also keeps a decoder from reading
 * its parent's memory and environment.
 */
const HELPERS: readonly Helper[] = [
  {
    name: 'unshare',
    args: ['--user', '--net', '--ipc', '--'],
    keeps: 'user, network and IPC namespaces of their own'
  },
  {
    name: 'prlimit',
    args: ['--core=0', '--fsize=0', '--nofile=64', '--'],
    keeps: 'no core dumps, no writes to files, 64 descriptors'
  },
  {
    name: 'setpriv',
    args: ['--no-new-privs', '--pdeathsig', 'KILL', '--'],
    keeps: 'no new privileges, death with the parent'
  }
]

/** Fixed folders: PATH may contain folders that other users can write to. */
const PROGRAM_FOLDERS = ['/usr/bin', '/bin']

const ALWAYS = [
  'processes of their own with an empty environment',
  'Node permissions: no files but the program, no child processes, no workers',
  'lowered priority'
]

/** One arena, one thread that decodes and one that reads: 78 instead of 101 MB resident for 6 megapixels. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' }
const HEAP_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=128', '--v8-pool-size=1']

const fences = new Map<string, Promise<Fence>>()

/**
 * Resolves with the fence around decoders that run the program `entry`. What the system offers is tried once.
 */
export function fenceFor(entry: string): Promise<Fence> {
  const fence = fences.get(entry) ?? build(entry)
  fences.set(entry, fence)
  return fence
}

async function build(entry: string): Promise<Fence> {
  const tried = await Promise.all(HELPERS.map((helper) => usableHelper(helper, entry)))
  const helpers = tried.filter((helper) => helper !== null)
  const env = environment(entry)
  const [command = process.execPath, ...args] = [
    ...helpers.flatMap(({ name, args }) => [name, ...args]),
    ...emptied(env),
    process.execPath,
    // The single executable runs what the variable names: arguments are for its commands.
    ...(isSea() ? [] : [entry])
  ]
  return {
    command,
    args,
    env,
    inForce: [...ALWAYS, ...helpers.map(({ keeps }) => keeps)],
    missing: HELPERS.filter((_, at) => !tried[at]).map(
      ({ name, keeps }) => `${keeps} (${name} of util-linux)`
    )
  }
}

function environment(entry: string): Record<string, string> {
  const flags = [...HEAP_FLAGS, ...permissions(entry)]
  return {
    ...ENVIRONMENT,
    NODE_OPTIONS: flags.map(quoted).join(' '),
    ...(isSea() && { ASYNCPROD_PROGRAM: entry })
  }
}

/**
 * Agents and test runners patch `spawn` to add variables that preload them into children. `env -i` drops
 * those.
 */
function emptied(env: Record<string, string>): string[] {
  const program = find('env')
  return program ? [program, '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)] : []
}

/**
 * Resolves with the helper and its path. Resolves with null if it is missing, if the system refuses what it
 * does, or if the program cannot be read under it: without capabilities, root cannot read another user's
 * private folders.
 */
async function usableHelper(helper: Helper, entry: string): Promise<Helper | null> {
  const [name, head] = [find(helper.name), find('head')]
  if (!name || !head) return null
  const isUsable = run(name, [...helper.args, head, '-c1', entry, process.execPath], { env: {} }).then(
    () => true,
    () => false
  )
  return (await isUsable) ? { ...helper, name } : null
}

const find = (name: string) =>
  PROGRAM_FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))

/** Permits reading our modules, those of sharp, and the manifests that Node reads on the way to them. */
function permissions(entry: string): string[] {
  const readable = [join(import.meta.dirname, '..'), dirname(entry), outermostModules()]
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder))
    readable.push(join(folder, 'node_modules'), join(folder, 'package.json'))
  return [
    '--permission',
    '--allow-addons',
    // The warning is about native code such as sharp, which is the reason for this sandbox.
    '--disable-warning=PERM0001',
    ...new Set(readable.map((path) => `--allow-fs-read=${path}`))
  ]
}

/** Package managers that link sharp keep it and what it needs below the same outermost folder. */
function outermostModules(): string {
  const sharp = fileURLToPath(import.meta.resolve('sharp'))
  return sharp.slice(0, sharp.indexOf('node_modules') + 'node_modules'.length)
}

const quoted = (flag: string) => (/[\s"\\]/.test(flag) ? `"${flag.replace(/["\\]/g, '\\$&')}"` : flag)
