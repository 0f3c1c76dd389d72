import { linksTo } from '../support/links.ts'
import { createFolder } from '../support/servers/guard.ts'
import { freePort } from '../support/servers/port.ts'
import type { Settings } from '../support/service.ts'
import { Tally } from '../support/tally.ts'
import { type End, Member, type Role } from './member.ts'
import type { Finding } from './report.ts'

export interface FleetOptions {
  roles: Role[]
  settings: Settings
  /** Whether each process reaches its servers through links of its own. */
  isLinked: boolean
  onLine(line: string): void
}

/** The processes of the service. Each that ends is started again, as a supervisor would. */
export class Fleet {
  readonly members: Member[]
  /** What they logged, by message. */
  readonly messages: Tally
  /** Ends that we did not cause, and processes that outlived the one that had started them. */
  readonly crashes: string[] = []
  readonly #starting = new Set<Promise<void>>()
  #ending = false

  private constructor(members: Member[], messages: Tally) {
    this.members = members
    this.messages = messages
  }

  static async start({ roles, settings, isLinked, onLine }: FleetOptions): Promise<Fleet> {
    const messages = new Tally()
    const listen = (line: string) => {
      const message = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
      if (message) messages.add(message)
      onLine(line)
    }
    const cwd = createFolder('fleet')
    const create = async (role: Role, index: number) => {
      const linked = isLinked ? await linksTo(settings) : { links: null, settings }
      for (const link of Object.values(linked.links ?? {})) await link.open()
      const name = `${role} ${index + 1}`
      return new Member({ ...linked, name, role, port: await freePort(), cwd, onLine: listen })
    }
    const fleet = new Fleet(await Promise.all(roles.map(create)), messages)
    for (const member of fleet.members) {
      await member.start()
      void fleet.#guard(member)
    }
    return fleet
  }

  /**
   * SIGKILL, and a new process in its place after the work. Resolves without waiting until that is ready.
   */
  async kill(member: Member, meanwhile: () => Promise<unknown>): Promise<void> {
    const orphans = await member.kill()
    if (orphans.length > 0)
      this.crashes.push(`${member.name} was killed and left ${orphans.length} processes`)
    await meanwhile()
    this.#restart(member)
  }

  /** SIGTERM, and a new process in its place. Resolves when that is ready, with how the old one ended. */
  async restart(member: Member): Promise<End> {
    const end = await member.stop()
    await this.#startUntilReady(member)
    return end
  }

  /** Resolves when every process is back. */
  async complete(): Promise<void> {
    await Promise.all(this.#starting)
  }

  /** Stops all as an operator would. Resolves with how they ended. */
  async stop(): Promise<End[]> {
    this.#ending = true
    const ends = await Promise.all(this.members.map((member) => member.stop()))
    for (const { links } of this.members) for (const link of Object.values(links ?? {})) await link.close()
    return ends
  }

  #restart(member: Member): void {
    const starting = this.#startUntilReady(member)
    this.#starting.add(starting)
    void starting.finally(() => this.#starting.delete(starting))
  }

  async #startUntilReady(member: Member): Promise<void> {
    while (!this.#ending) {
      try {
        await member.start()
        return void this.#guard(member)
      } catch (error) {
        this.crashes.push(error instanceof Error ? `${error.message}: ${error.cause}` : String(error))
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

/** Whether every stop ended as an operator wants it: with exit code 0. */
export function endsWell(promise: string, ends: End[]): Finding {
  return {
    promise,
    figure: `exit codes ${ends.map(({ how }) => how).join(' ')}`,
    wrong: ends.filter(({ how }) => how !== 0).map(({ report }) => report)
  }
}
