import { parseArgs } from 'node:util'

export interface ChaosOptions {
  /** Decides what is written, what the origin does to whom, and what dies when. */
  seed: number
  /** Products that are created, each until its 201 has come. */
  products: number
  /** How long the writing and killing takes; the start, the way to quiet and the audit come on top. */
  minutes: number
  /** Processes of the service that get SIGKILL. */
  kills: number
  /** Times that each kind of trouble comes to the servers. */
  outages: number
  /** One process on embedded parts, instead of a fleet on servers. */
  embedded: boolean
  /** File for every line that the processes of the service print. */
  log: string | undefined
}

export const SHORT = { products: 200, minutes: 0.9, kills: 6, outages: 1 }
const LONG = { products: 1500, minutes: 6, kills: 24, outages: 2 }
const EMBEDDED = { products: 400, minutes: 2.5, kills: 20, outages: 0 }

export const USAGE = `npm run chaos -- [--seed N] [--products N] [--minutes M] [--kills N] [--outages N] [--short] [--embedded] [--log FILE]

Starts private servers and processes of the service, writes products, kills what there is, and audits what is left.
The same seed makes the same decisions. Exit code 1 when a promise was broken.`

/** @throws when an argument is none of these */
export function readOptions(args: string[]): ChaosOptions | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args,
    options: {
      seed: text,
      products: text,
      minutes: text,
      kills: text,
      outages: text,
      log: text,
      short: flag,
      embedded: flag,
      help: flag
    }
  })
  if (values.help) return 'help'
  const profile = values.embedded ? EMBEDDED : values.short ? SHORT : LONG
  return {
    seed: number('seed', values.seed, Math.floor(Math.random() * 1_000_000)),
    products: number('products', values.products, profile.products),
    minutes: number('minutes', values.minutes, profile.minutes),
    kills: number('kills', values.kills, profile.kills),
    outages: number('outages', values.outages, profile.outages),
    embedded: values.embedded,
    log: values.log
  }
}

function number(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!(value >= 0)) throw new Error(`--${name} ${text} is no number`)
  return value
}
