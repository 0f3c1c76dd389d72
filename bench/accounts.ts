import { readFileSync, writeFileSync } from 'node:fs'
import { descendants } from '../test/support/servers/process-tree.ts'
import type { Usage } from './row.ts'

/** Linux counts CPU time in hundredths of a second, whatever its own clock does. */
const TICKS_A_SECOND = 100

/** What others call themselves. */
const SERVERS: Record<string, string> = {
  postgres: 'PostgreSQL',
  'redis-server': 'Redis',
  'beam.smp': 'RabbitMQ'
}

interface Account {
  /** Of the process, as the table calls it. */
  name: string
  ticks: number
  peakBytes: number
}

/** Reads what the kernel knows of every process below this one: /proc/<pid>/stat and VmHWM. */
export class Accounts {
  readonly #names = new Map<number, string>()

  name(pid: number, name: string): void {
    this.#names.set(pid, name)
  }

  /** Opens an account of every process; calling what it answers closes it. */
  open(): () => Usage[] {
    for (const pid of descendants(process.pid)) forgetPeak(pid)
    const before = this.#read()
    // Those that ended meanwhile are missing: a server's own processes come and go, and take their past with them.
    const spent = (pid: number, { ticks }: Account) =>
      (ticks - (before.get(pid)?.ticks ?? 0)) / TICKS_A_SECOND
    return () =>
      [...Map.groupBy(this.#read(), ([, { name }]) => name)]
        .map(([process, accounts]) => ({
          process,
          cpuSeconds: sum(accounts.map(([pid, account]) => spent(pid, account))),
          peakBytes: sum(accounts.map(([, { peakBytes }]) => peakBytes))
        }))
        .filter(({ cpuSeconds }) => cpuSeconds > 0)
        .sort((a, b) => b.cpuSeconds - a.cpuSeconds)
  }

  #read(): Map<number, Account> {
    const accounts = new Map<number, Account>()
    for (const pid of [process.pid, ...descendants(process.pid)]) {
      const account = readAccount(pid)
      const name = pid === process.pid ? 'bench' : (this.#names.get(pid) ?? account?.server)
      if (account && name) accounts.set(pid, { ...account, name })
    }
    return accounts
  }
}

/** CPU seconds of one process since it started. */
export const cpuSeconds = (pid: number) => (readAccount(pid)?.ticks ?? 0) / TICKS_A_SECOND

/** Bytes that are resident now. */
export function residentBytes(pid: number): number {
  return kilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') * 1024
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

function readAccount(pid: number): (Omit<Account, 'name'> & { server: string | undefined }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    // From the third field on: utime and stime are the 14th and the 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      server: SERVERS[command],
      ticks: Number(fields[11]) + Number(fields[12]),
      peakBytes: kilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM') * 1024
    }
  } catch {
    return undefined
  }
}

const kilobytes = (status: string, field: string) =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)

function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // It ended, or belongs to a user whose peak we may not reset: then it is that of its life.
  }
}
