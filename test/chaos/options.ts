import { parseArgs } from 'node:util'
import { FAULTS } from './faults/all.ts'
import type { Fault } from './faults/fault.ts'

export interface ChaosOptions {
  /** Decides what is written, which requests the origin fails, and which faults come when. */
  seed: number
  /** Products that are created, each until its 201 has come. */
  products: number
  /** How long products are written and faults injected; start, quiet and audit come on top. */
  minutes: number
  /** How many faults are injected into processes, and how many into servers. */
  counts: Record<Fault['lane'], number>
  /** Names of the faults to draw from. */
  only: string[]
  /** One process on embedded parts, instead of a fleet on servers. */
  embedded: boolean
  /** File for every line that the processes of the service print. */
  log: string | undefined
}

type Profile = Pick<ChaosOptions, 'products' | 'minutes' | 'counts'>

export const SHORT: Profile = { products: 200, minutes: 0.9, counts: { processes: 5, servers: 6 } }
const LONG: Profile = { products: 1500, minutes: 6, counts: { processes: 24, servers: 36 } }
const EMBEDDED: Profile = { products: 400, minutes: 2.5, counts: { processes: 20, servers: 0 } }

export const ALL = Object.keys(FAULTS).filter((name) => name !== 'power-cut')
/** How often each of `--only` comes. */
const TIMES_EACH = 2
/** What can happen to one process on embedded parts. */
const OF_EMBEDDED = ['kill', 'freeze', 'power-cut']

export const USAGE = `npm run chaos -- [--short | --embedded] [--only FAULT,FAULT] [--seed N] [--products N]
                 [--minutes M] [--process-faults N] [--server-faults N] [--log FILE]

Starts private servers and processes of the service, writes products, injects faults, and audits what is left.
The same seed makes the same decisions. Exit code 1 when a promise was broken.

Faults: ${ALL.join(' ')}
Of embedded parts: ${OF_EMBEDDED.join(' ')}`

/** @throws when an argument cannot be understood */
export function readOptions(args: string[]): ChaosOptions | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args,
    options: {
      seed: text,
      products: text,
      minutes: text,
      'process-faults': text,
      'server-faults': text,
      only: text,
      log: text,
      short: flag,
      embedded: flag,
      help: flag
    }
  })
  if (values.help) return 'help'
  const { embedded, log } = values
  const { products, minutes, counts } = embedded ? EMBEDDED : values.short ? SHORT : LONG
  const only = faults(values.only, embedded ? OF_EMBEDDED : ALL)
  const count = (lane: Fault['lane']) =>
    values.only === undefined
      ? counts[lane]
      : TIMES_EACH * only.filter((name) => FAULTS[name]?.lane === lane).length
  return {
    seed: number('seed', values.seed, Math.floor(Math.random() * 1_000_000)),
    products: number('products', values.products, products),
    minutes: number('minutes', values.minutes, minutes),
    counts: {
      processes: number('process-faults', values['process-faults'], count('processes')),
      servers: number('server-faults', values['server-faults'], count('servers'))
    },
    only,
    embedded,
    log
  }
}

function faults(text: string | undefined, possible: string[]): string[] {
  const names = text?.split(',') ?? possible
  const unknown = names.filter((name) => !possible.includes(name))
  if (unknown.length > 0) throw new Error(`There is no fault ${unknown}; there are ${possible.join(', ')}`)
  return names
}

function number(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!(value >= 0)) throw new Error(`--${name} ${text} is no number`)
  return value
}
