import { setTimeout as wait } from 'node:timers/promises'
import type { Links } from '../support/links.ts'
import { descendants, isAlive, type ProcessId } from '../support/servers/process-tree.ts'
import { SERVER, Service, type Settings } from '../support/service.ts'

export type Role = 'api' | 'worker' | 'all'

export interface MemberOptions {
  name: string
  role: Role
  port: number
  /** Null on embedded parts. */
  links: Links | null
  settings: Settings
  cwd: string
  onLine(line: string): void
}

export interface End {
  /** Its exit code, or the signal that ended it. */
  how: string | number | null
  /** With its last lines. */
  report: string
}

/** The decoders of a process that was killed see that within this time. */
const ORPHANS_END_MS = 10_000

/** One place in the fleet, and the process that fills it at the moment. */
export class Member {
  readonly name: string
  readonly role: Role
  readonly url: string
  readonly links: Links | null
  /** What its next process runs. */
  program = SERVER
  readonly #options: MemberOptions
  #service: Service | undefined
  /** Processes that we ended. */
  readonly #ended = new WeakSet<Service>()

  constructor(options: MemberOptions) {
    this.name = options.name
    this.role = options.role
    this.url = `http://127.0.0.1:${options.port}`
    this.links = options.links
    this.#options = options
  }

  /** Resolves when the process is ready, or was ended by us before. Rejects when it ends by itself. */
  async start(): Promise<void> {
    const { role, port, settings, cwd, onLine } = this.#options
    const service = new Service({ ...settings, ROLE: role, PORT: `${port}` }, { cwd, args: [this.program] })
    this.#service = service
    service.on('line', (line) => onLine(`${this.name} ${line}`))
    await service.ready().catch((error) => {
      if (!this.#ended.has(service)) throw new Error(`${this.name} does not start`, { cause: error })
    })
  }

  /** Resolves when the process has ended: with how, or with null when we ended it. */
  async crash(): Promise<string | null> {
    const { service } = this
    const { code, signal } = await service.ended
    return this.#ended.has(service) ? null : this.#reportOf(service, signal ?? code)
  }

  get service(): Service {
    if (!this.#service) throw new Error(`${this.name} has not been started`)
    return this.#service
  }

  /** SIGKILL to the process alone. Resolves when it has ended, with what else it left running. */
  async kill(): Promise<ProcessId[]> {
    const { service } = this
    this.#ended.add(service)
    const below = descendants(service.pid)
    const limit = Date.now() + ORPHANS_END_MS
    service.signal('SIGKILL')
    while (service.isRunning || (below.some(isAlive) && Date.now() < limit)) await wait(20)
    return below.filter(isAlive)
  }

  /** SIGTERM, as an operator stops it. Resolves with how it ended. */
  async stop(): Promise<End> {
    const { service } = this
    this.#ended.add(service)
    const { code, signal } = await service.stop('SIGTERM')
    return { how: signal ?? code, report: this.#reportOf(service, signal ?? code) }
  }

  #reportOf(service: Service, how: string | number | null): string {
    return `${this.name} ended with ${how}:\n${service.lastLines}`
  }
}
