import {
  children,
  commandOf,
  forgetPeak,
  readParents,
  usageOf
} from '../test/support/servers/process-tree.ts'
import type { ProcessUsage } from './sample.ts'

/** What servers call themselves, and what the table calls them. */
const SERVERS: Record<string, string> = {
  postgres: 'PostgreSQL',
  'redis-server': 'Redis',
  'beam.smp': 'RabbitMQ'
}

/** Measures every process tree that this process has started: a worker's decoders are part of the worker. */
export class Accounts {
  readonly #names = new Map<number, string>()

  name(pid: number, name: string): void {
    this.#names.set(pid, name)
  }

  /** Starts to measure. The function that it returns ends that, and returns what each took. */
  open(): () => ProcessUsage[] {
    const parents = readParents()
    for (const pid of children(process.pid, parents)) forgetPeak(pid, parents)
    const own = process.cpuUsage()
    const before = this.#read(parents)
    return () => {
      const spent = this.#read().map((tree) => ({
        ...tree,
        cpuSeconds: tree.cpuSeconds - (before.find(({ pid }) => pid === tree.pid)?.cpuSeconds ?? 0)
      }))
      const { user, system } = process.cpuUsage(own)
      const peakBytes = process.memoryUsage.rss()
      return [...sums(spent), { process: 'bench', cpuSeconds: (user + system) / 1e6, peakBytes }]
        .filter(({ cpuSeconds }) => cpuSeconds > 0)
        .sort((a, b) => b.cpuSeconds - a.cpuSeconds)
    }
  }

  /** Of one look at all processes: what is measured shares its cores with this. */
  #read(parents = readParents()) {
    return children(process.pid, parents).flatMap((pid) => {
      const name = this.#names.get(pid) ?? SERVERS[commandOf(pid)]
      return name === undefined ? [] : [{ pid, process: name, ...usageOf(pid, parents) }]
    })
  }
}

/** Trees of one name together. */
function sums(trees: ProcessUsage[]): ProcessUsage[] {
  return [...Map.groupBy(trees, ({ process }) => process)].map(([process, own]) => ({
    process,
    cpuSeconds: own.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakBytes: own.reduce((sum, { peakBytes }) => sum + peakBytes, 0)
  }))
}
