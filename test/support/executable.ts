import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, globSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { createFolder, forget, watch } from './servers/guard.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Why the executable cannot be built here, or false. */
export function cannotBuild(): string | false {
  if (process.env.TEST_BINARY === 'none') return 'TEST_BINARY=none leaves out the executable'
  if (process.platform !== 'linux') return 'the executable is built on Linux'
  for (const [command, sign] of [
    ['strip', 'GNU'],
    ['tar', 'GNU']
  ] as const) {
    try {
      if (execFileSync(command, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes(sign)) continue
    } catch {}
    return `the executable is built with GNU ${command}, which is not here`
  }
  return false
}

/** Builds from a folder that holds the sources into a file of its own; answers its path. */
export async function build(root: string, umask = '022'): Promise<string> {
  const out = join(createFolder('executable'), 'asyncprod')
  const command = `umask ${umask} && exec "$0" "$1" --out "$2"`
  await run('sh', ['-c', command, process.execPath, join(root, 'scripts/binary/build.ts'), out], {
    cwd: root
  })
  chmodSync(dirname(out), 0o755)
  chmodSync(out, 0o755)
  return out
}

/** A copy of the sources, with the same modules. */
export function copySources(from = ROOT): string {
  const root = createFolder('sources')
  for (const file of globSync(
    '{*.*,{binary,lib,plugins,routes,consumers,commands,sql,scripts,client/src}/**/*.*}',
    { cwd: from }
  )) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    copyFileSync(join(from, file), join(root, file))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return root
}

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** An empty folder with nothing but the executable in it, on a machine where nothing else can be found. */
export class Machine {
  readonly folder = createFolder('machine')
  readonly home = join(this.folder, 'home')
  readonly executable = join(this.folder, 'asyncprod')
  /** Where it unpacks to if nobody says otherwise. */
  readonly cache = join(this.home, '.cache/asyncprod')

  constructor(executable: string) {
    chmodSync(this.folder, 0o755)
    copyFileSync(executable, this.executable)
  }

  /** Runs it to its end, whatever that is. */
  async run(args: string[], variables: NodeJS.ProcessEnv = {}, options: SpawnOptions = {}): Promise<Ended> {
    const ended = await run(this.executable, args, { ...this.#place(variables), ...options }).catch(
      (error) => error
    )
    return { code: ended.code ?? 0, stdout: String(ended.stdout), stderr: String(ended.stderr) }
  }

  /** Starts it as a server. Rejects with what it printed when it ends before it is ready. */
  async serve(variables: NodeJS.ProcessEnv = {}): Promise<Service> {
    const begin = performance.now()
    const child = spawn(this.executable, [], {
      ...this.#place({ PORT: '0', DATA_DIR: createFolder('data'), ...variables }),
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true
    })
    if (child.pid) watch(child.pid, 'SIGKILL')
    const printed: string[] = []
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => {
      printed.push(line)
      const url = /"documentation":"(.*)\/documentation"/.exec(line)?.[1]
      if (url) resolve(url)
    })
    lines.on('close', () => reject(new Error(printed.join('\n'))))
    const url = await promise
    return {
      url,
      pid: child.pid ?? 0,
      readyAfter: performance.now() - begin,
      stop: () => stop(child, printed)
    }
  }

  #place(variables: NodeJS.ProcessEnv) {
    return { cwd: this.folder, env: { HOME: this.home, PATH: '/nonexistent', ...variables } }
  }
}

export interface Service {
  url: string
  pid: number
  /** From its start until it could be asked, in milliseconds. */
  readyAfter: number
  /** Ends it as an operator would. Rejects with what it printed when it does not end well. */
  stop(): Promise<void>
}

async function stop(child: ChildProcess, printed: string[]): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  if (child.pid) forget(child.pid)
  if (child.exitCode !== 0) throw new Error(printed.join('\n'))
}
