import { createWriteStream } from 'node:fs'
import { Agent } from 'undici'
import { Disk } from '../support/disk.ts'
import { generator } from '../support/pictures/pictures.ts'
import type { Settings } from '../support/service.ts'
import { Tally } from '../support/tally.ts'
import { audit } from './audit.ts'
import { embeddedStores } from './embedded.ts'
import type { System } from './faults/fault.ts'
import { endsWell, Fleet } from './fleet.ts'
import { inject } from './inject.ts'
import { Ledger } from './ledger.ts'
import type { Role } from './member.ts'
import { type ChaosOptions, readOptions, USAGE } from './options.ts'
import { startMisbehavingOrigin } from './origin.ts'
import { untilQuiet } from './quiet.ts'
import { readOn } from './readers.ts'
import { type Finding, Report } from './report.ts'
import { startServers } from './servers.ts'
import { Streams } from './streams.ts'
import { sweepObjects } from './sweep-objects.ts'
import { Webhooks } from './webhooks.ts'
import { Writer } from './writer.ts'

const WRITERS = 8
const READERS = 2
const QUIET_LIMIT_MS = 600_000
const STREAMS_LIMIT_MS = 30_000

const FLEET: Role[] = ['api', 'api', 'worker', 'worker', 'worker']

/**
 * Times short enough for lost work to come due again during a run, and enough attempts to outlast every
 * fault. Few images at once: on a busy machine the store makes about five objects a second, and an upload
 * must not take longer than a job may.
 */
const IMPATIENT: Settings = {
  RETRY_BASE_MS: '200',
  MAX_ATTEMPTS: '20',
  JOB_TIMEOUT_MS: '20000',
  // Less than a process has here until it is killed, also if it loses a server meanwhile.
  SHUTDOWN_GRACE_MS: '20000',
  WORKER_CONCURRENCY: '1',
  DOWNLOAD_TIMEOUT_MS: '4000'
}

/** One run. Resolves with what the audit found, when everything that was started has ended. */
export async function runChaos(options: ChaosOptions, report: Report): Promise<Finding[]> {
  const { seed, embedded, products, counts, only: names } = options
  report.event(`seed ${seed}: starting the servers`)
  await using stack = new AsyncDisposableStack()
  const log = options.log && stack.adopt(createWriteStream(options.log), (file) => void file.end())
  const origin = stack.use(await startMisbehavingOrigin(seed))
  const webhooks = new Webhooks(origin, generator(seed + 4))
  const servers = embedded ? null : stack.adopt(await startServers(), (it) => it.stop())
  const disk = names.includes('power-cut') ? stack.adopt(new Disk(), (it) => it.stop()) : null
  const stores = servers ?? stack.adopt(embeddedStores(disk), (it) => it.stop())
  const settings = {
    ...stores.settings,
    ...webhooks.settings,
    ...IMPATIENT,
    RENDITIONS: 'thumb:64x64,fit=cover,format=webp',
    PLACEHOLDERS: 'true',
    // They are half as much again for the store, which is what takes longest in a fleet.
    KEEP_ORIGINALS: `${embedded || seed % 2 === 0}`,
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8'
  }
  const roles: Role[] = embedded ? ['all'] : FLEET
  const onLine = (line: string) => log && void log.write(`${line}\n`)
  const started = await Fleet.start({ roles, settings, isLinked: !embedded, onLine })
  const fleet = stack.adopt(started, async (it) => void (await it.stop()))

  const dispatcher = stack.adopt(new Agent(), (it) => it.destroy())
  const apis = fleet.members.filter(({ role }) => role !== 'worker').map(({ url }) => url)
  const shared = { apis, dispatcher, ledger: new Ledger(), responses: new Tally() }
  const streams = new Streams(shared, generator(seed + 5))
  const [done, injected] = [new Tally(), new Tally()]
  const system: System = {
    fleet,
    get servers() {
      if (!servers) throw new Error('Embedded parts have no servers')
      return servers
    },
    disk,
    random: generator(seed + 3),
    findings: []
  }

  report.event(`${fleet.members.length} processes are ready: writing, and injecting faults`)
  const [faulty, reading] = [new AbortController(), new AbortController()]
  const durationMs = options.minutes * 60_000
  const readers = Array.from({ length: READERS }, (_, index) =>
    readOn(shared, generator(seed + 300 + index), reading.signal)
  )
  const writers = Array.from({ length: WRITERS }, (_, index) => {
    const random = generator(seed + 100 + index)
    const share = Math.floor((products + index) / WRITERS)
    const { urlOf } = origin
    return new Writer({ number: index + 1, shared, streams, random, urlOf, done }).run(
      share,
      durationMs,
      faulty.signal
    )
  })
  const progress = () => report.progress(`${done}; ${shared.ledger.reads} reads; faults: ${injected}`)
  const showing = setInterval(progress, 500)
  const onEvent = (what: string) => report.event(what)
  await Promise.all([
    inject({ seed, durationMs, counts, names, system, injected, onEvent }).finally(() => faulty.abort()),
    ...writers
  ]).finally(() => {
    clearInterval(showing)
    reading.abort()
  })
  await Promise.all(readers)
  await fleet.complete()
  report.event('everything is written and every process is back: waiting for quiet')
  const quietSeconds = await untilQuiet(stores, QUIET_LIMIT_MS, (rest) => report.progress(rest))
  await streams.finish(STREAMS_LIMIT_MS)
  if (injected.of('rabbitmq-wipe') > 0) await sweepObjects(settings, onEvent)
  report.event(`quiet after ${quietSeconds} s: looking at what is left`)
  const findings = [
    ...system.findings,
    ...(await audit({ stores, shared, streams, webhooks, origin, fleet }))
  ]
  findings.push(endsWell('every process ends well on SIGTERM', await fleet.stop()))

  report.table(`Chaos, seed ${seed}: ${products} products`, [
    ['written', `${done}`],
    ['reads', `${shared.ledger.reads}`],
    ['responses', `${shared.responses}`],
    ['faults', `${injected}`],
    ['the origin', `${origin.tally}`],
    ['the S3 proxy', servers ? `${servers.s3Proxy.tally}` : 'not in use'],
    ['the service logged', `${fleet.messages}`]
  ])
  return findings
}

if (import.meta.main) {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(USAGE)
  } else {
    const report = new Report(process.stdout)
    const kept = report.verdict(await runChaos(options, report))
    process.exitCode = kept ? 0 : 1
  }
}
