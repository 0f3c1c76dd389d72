import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type Owner, owned } from './owner.ts'
import { createFolder } from './servers/guard.ts'
import { type Program, SupervisedProcess } from './servers/process.ts'
import { startedFolder } from './template.ts'

export const SERVER = join(import.meta.dirname, '../../server.ts')

export type Settings = Record<string, string>

/** The service as a process, with these settings and no others; on a free port unless they name one. */
export class Service extends SupervisedProcess {
  #ready: Promise<string> | undefined

  constructor(settings: Settings, program: Partial<Program> = {}) {
    const { command = process.execPath, args = [SERVER], cwd = createFolder('service') } = program
    const env = { PATH: process.env.PATH, HOME: cwd, PORT: '0', DATA_DIR: join(cwd, 'data'), ...settings }
    super({ ...program, command, args, cwd, env })
  }

  /** Resolves with its address when it serves. Its line is looked for once: old lines are forgotten. */
  ready(): Promise<string> {
    this.#ready ??= this.#address()
    return this.#ready
  }

  /** What it printed besides its log. The two streams arrive in any order, so no line of both is the last. */
  get plainLines(): string[] {
    return this.lines.filter((line) => !line.startsWith('{'))
  }

  async #address(): Promise<string> {
    const { documentation } = JSON.parse(await this.said(/AsyncProd is ready/))
    return String(documentation).replace(/\/documentation$/, '')
  }
}

/** A service for a test, killed when the test ends. */
export function startService(t: Owner, settings: Settings): Service {
  return owned(t, new Service(settings))
}

/** A folder for embedded data, as a first start leaves it. */
export async function dataFolder(): Promise<string> {
  const folder = createFolder('data')
  await cp(await startedFolder(), folder, { recursive: true })
  return folder
}
