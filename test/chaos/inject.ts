import { setTimeout as wait } from 'node:timers/promises'
import { generator } from '../support/pictures/pictures.ts'
import type { Tally } from '../support/tally.ts'
import { FAULTS, namesOf } from './faults/all.ts'
import type { Fault, System } from './faults/fault.ts'

export interface InjectOptions {
  seed: number
  durationMs: number
  /** How many faults of each lane. */
  counts: Record<Fault['lane'], number>
  /** Names to draw from. */
  names: string[]
  system: System
  /** Counts the faults by name. */
  injected: Tally
  onEvent(what: string): void
}

/** Injects faults into processes and servers side by side, one after another in each lane. */
export async function inject(options: InjectOptions): Promise<void> {
  await Promise.all((['processes', 'servers'] as const).map((lane) => injectLane(lane, options)))
}

async function injectLane(lane: Fault['lane'], options: InjectOptions): Promise<void> {
  const { seed, durationMs, counts, names, system, injected, onEvent } = options
  const random = generator(seed + (lane === 'servers' ? 2 : 1))
  const drawn = draw(
    counts[lane],
    names.filter((name) => namesOf(lane).includes(name)),
    random
  )
  const times = spread(drawn.length, durationMs, random)
  const started = Date.now()
  for (const [index, name] of drawn.entries()) {
    await wait(Math.max(0, started + (times[index] ?? 0) - Date.now()))
    onEvent(name)
    const fault = FAULTS[name]
    const end = await fault?.start(system)
    await wait(fault?.lastsMs)
    await end?.()
    injected.add(name)
  }
}

/** Every name once before one comes again, in an order of the seed's. */
function draw(count: number, names: string[], random: () => number): string[] {
  if (names.length === 0) return []
  const decks = Math.ceil(count / names.length)
  return Array.from({ length: decks }, () => shuffled(names, random))
    .flat()
    .slice(0, count)
}

/** Moments in the order of time, one in each of so many equal parts. */
function spread(count: number, durationMs: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, index) => ((index + random()) * durationMs) / count)
}

function shuffled<T>(values: T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value)
}
