import { setTimeout as wait } from 'node:timers/promises'
import { createFolder } from '../support/servers/guard.ts'
import { freePort } from '../support/servers/port.ts'
import { Tally } from '../support/tally.ts'
import { Member, type Role, type Settings } from './member.ts'

export interface FleetOptions {
  roles: Role[]
  settings: Settings
  onLine(line: string): void
}

/** The processes of the service. Each that ends is started again, as a supervisor would. */
export class Fleet {
  readonly members: Member[]
  /** What they logged, by message. */
  readonly messages: Tally
  /** Ends that nobody asked for. */
  readonly crashes: string[] = []
  readonly #cwd = createFolder('fleet')
  readonly #starting = new Set<Promise<void>>()
  #ending = false

  private constructor(members: Member[], messages: Tally) {
    this.members = members
    this.messages = messages
  }

  static async start({ roles, settings, onLine }: FleetOptions): Promise<Fleet> {
    const messages = new Tally()
    const listen = (line: string) => {
      const message = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
      if (message) messages.add(message)
      onLine(line)
    }
    const ports = await Promise.all(roles.map(freePort))
    const members = roles.map((role, index) => {
      return new Member(`${role} ${index + 1}`, role, ports[index] ?? 0, settings, listen)
    })
    const fleet = new Fleet(members, messages)
    for (const member of members) {
      await member.start(fleet.#cwd)
      void fleet.#guard(member)
    }
    return fleet
  }

  /** SIGKILL, and a new process in its place after the pause. Resolves without waiting until that is ready. */
  async kill(name: string, pauseMs: number): Promise<void> {
    const member = this.members.find((candidate) => candidate.name === name)
    if (!member) throw new Error(`There is no ${name}`)
    await member.end('SIGKILL')
    await wait(pauseMs)
    this.#restart(member)
  }

  /** Resolves when everybody is back. */
  async complete(): Promise<void> {
    await Promise.all(this.#starting)
  }

  /** A stop as an operator does it. Resolves with the exit codes. */
  async stop(): Promise<(number | null)[]> {
    this.#ending = true
    return Promise.all(this.members.map((member) => member.end('SIGTERM')))
  }

  #restart(member: Member): void {
    const starting = this.#startUntilUp(member)
    this.#starting.add(starting)
    void starting.finally(() => this.#starting.delete(starting))
  }

  async #startUntilUp(member: Member): Promise<void> {
    while (!this.#ending) {
      try {
        await member.start(this.#cwd)
        return void this.#guard(member)
      } catch (error) {
        this.crashes.push(error instanceof Error ? error.message : String(error))
      }
    }
  }

  async #guard(member: Member): Promise<void> {
    const crash = await member.crash()
    if (crash === null || this.#ending) return
    this.crashes.push(crash)
    this.#restart(member)
  }
}
