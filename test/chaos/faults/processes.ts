import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { copySources } from '../../support/copy-sources.ts'
import type { LinkName } from '../../support/links.ts'
import { SERVER } from '../../support/service.ts'
import { endsWell } from '../fleet.ts'
import type { End, Member } from '../member.ts'
import { type Faults, nothing, type System } from './fault.ts'

const LONGEST_PAUSE_MS = 1500
const LINKS: LinkName[] = ['postgres', 'redis', 'rabbitmq', 's3']

export const processFaults: Faults = {
  /** SIGKILL, and a new process a moment later. */
  kill: {
    lane: 'processes',
    lastsMs: 0,
    async start(system) {
      await system.fleet.kill(anyMember(system), () => wait(system.random() * LONGEST_PAUSE_MS))
      return nothing
    }
  },
  /** Everything stops at once, and what was not synced is lost. */
  'power-cut': {
    lane: 'processes',
    lastsMs: 0,
    async start(system) {
      const { disk, fleet } = system
      const member = anyMember(system)
      // Its decoders keep nothing on the disk, and end with it.
      member.service.signal('SIGSTOP')
      disk?.cutPower()
      await fleet.kill(member, async () => disk?.restorePower())
      return nothing
    }
  },
  /** Longer than a job may take. */
  freeze: { lane: 'processes', lastsMs: 24_000, start: freeze },
  /** Longer than a lease of the outbox. */
  'long-freeze': { lane: 'processes', lastsMs: 35_000, start: freeze },
  /** SIGTERM to each in turn, as a deployment does. */
  'rolling-restart': {
    lane: 'processes',
    lastsMs: 0,
    async start({ fleet, findings }) {
      const ends: End[] = []
      for (const member of fleet.members) ends.push(await fleet.restart(member))
      findings.push(endsWell('every process ends well in a rolling restart', ends))
      return nothing
    }
  },
  /** One process is updated to a version with one more migration, and back. The others stay old. */
  'newer-version': {
    lane: 'processes',
    lastsMs: 8000,
    async start(system) {
      const member = anyMember(system)
      member.program = newerVersion()
      await system.fleet.restart(member)
      return async () => {
        member.program = SERVER
        await system.fleet.restart(member)
      }
    }
  },
  /** One process loses one server, and the others do not. */
  'cut-off': {
    lane: 'processes',
    lastsMs: 6000,
    async start(system) {
      const link = anyMember(system).links?.[pick(LINKS, system.random)]
      await link?.close()
      return async () => link?.open()
    }
  },
  /** The same, but its connections stay open and nothing comes through. */
  'silent-link': {
    lane: 'processes',
    lastsMs: 8000,
    async start(system) {
      const link = anyMember(system).links?.[pick(LINKS, system.random)]
      link?.freeze()
      return async () => link?.thaw()
    }
  },
  /** No process reaches any server, and no connection ends. */
  'black-hole': {
    lane: 'servers',
    lastsMs: 6000,
    async start({ fleet }) {
      const links = fleet.members.flatMap((member) => Object.values(member.links ?? {}))
      for (const link of links) link.freeze()
      return async () => {
        for (const link of links) link.thaw()
      }
    }
  }
}

const NEXT_MIGRATION = `
ALTER TABLE products ADD COLUMN newer integer NOT NULL DEFAULT 1;
ALTER TABLE product_images ADD COLUMN newer integer NOT NULL DEFAULT 1;
ALTER TABLE outbox ADD COLUMN newer integer NOT NULL DEFAULT 1;
`

let copy: string | undefined

/** Returns the program of a newer version. */
function newerVersion(): string {
  copy ??= copySources()
  writeFileSync(join(copy, 'sql', '999.do.newer.sql'), NEXT_MIGRATION)
  return join(copy, 'server.ts')
}

async function freeze(system: System) {
  const { service } = anyMember(system)
  service.freeze()
  return async () => service.thaw()
}

const anyMember = ({ fleet, random }: System): Member => pick(fleet.members, random)

export function pick<T>(values: T[], random: () => number): T {
  const value = values[Math.floor(random() * values.length)]
  if (value === undefined) throw new Error('There is nothing to pick from')
  return value
}
