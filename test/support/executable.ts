import { execFile, execFileSync, type SpawnOptions } from 'node:child_process'
import { chmodSync, copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createFolder } from './servers/guard.ts'
import { Service, type Settings } from './service.ts'

const run = promisify(execFile)

/** The reason why the executable cannot be built here, or false. */
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

/** Builds from a folder with the sources into a file of its own. Resolves with its path. */
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

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** An empty folder with nothing but the executable in it, and no other program on the PATH. */
export class Machine {
  readonly folder = createFolder('machine')
  readonly home = join(this.folder, 'home')
  readonly executable = join(this.folder, 'asyncprod')
  /** Where it unpacks to by default. */
  readonly cache = join(this.home, '.cache/asyncprod')

  constructor(executable: string) {
    chmodSync(this.folder, 0o755)
    copyFileSync(executable, this.executable)
  }

  /** Runs it to its end, well or not. */
  async run(args: string[], variables: Settings = {}, options: SpawnOptions = {}): Promise<Ended> {
    const ended = await run(this.executable, args, { ...this.#place(variables), ...options }).catch(
      (error) => error
    )
    return { code: ended.code ?? 0, stdout: String(ended.stdout), stderr: String(ended.stderr) }
  }

  /** Starts it as a server. Resolves when it serves. */
  async serve(variables: Settings = {}): Promise<Service> {
    const { cwd, env } = this.#place({ DATA_DIR: createFolder('data'), ...variables })
    const service = new Service(env, { command: this.executable, args: [], cwd })
    await service.ready()
    return service
  }

  #place(variables: Settings) {
    return { cwd: this.folder, env: { HOME: this.home, PATH: '/nonexistent', ...variables } }
  }
}
