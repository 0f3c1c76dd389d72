import type { Disk } from '../../support/disk.ts'
import type { Fleet } from '../fleet.ts'
import type { Finding } from '../report.ts'
import type { Servers } from '../servers.ts'

/** What a fault can act on. */
export interface System {
  fleet: Fleet
  servers: Servers
  /** Of the embedded parts, if its power can be cut. */
  disk: Disk | null
  random(): number
  /** What faults find while they last. */
  findings: Finding[]
}

/** Ends a fault. */
export type End = () => Promise<void>

/** Something that goes wrong for a while. */
export interface Fault {
  /** Faults of one lane follow each other; lanes run side by side. */
  lane: 'processes' | 'servers'
  /** Milliseconds between its start and its end. */
  lastsMs: number
  /** Begins it. Resolves with what ends it. */
  start(system: System): Promise<End>
}

export type Faults = Record<string, Fault>

/** A fault that is over as soon as it has begun. */
export const nothing: End = async () => {}
