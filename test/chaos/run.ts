import { Agent } from 'undici'
import { generator } from '../support/pictures/pictures.ts'
import { Tally } from '../support/tally.ts'
import { audit } from './audit.ts'
import type { Surroundings } from './client.ts'
import { embeddedWorld } from './embedded.ts'
import type { Finding } from './finding.ts'
import { Fleet } from './fleet.ts'
import { type KillerOptions, strikeAll } from './killer.ts'
import { Ledger } from './ledger.ts'
import { openLog } from './log.ts'
import type { Role, Settings } from './member.ts'
import type { ChaosOptions } from './options.ts'
import { type MisbehavingOrigin, startMisbehavingOrigin } from './origin.ts'
import { untilQuiet } from './quiet.ts'
import type { Report } from './report.ts'
import { startServers } from './servers.ts'
import { readOn, Writer } from './writer.ts'

const WRITERS = 8
const READERS = 2
const READ_EVERY_MS = 20
const QUIET_LIMIT_MS = 600_000

const FLEET: Role[] = ['api', 'api', 'worker', 'worker', 'worker']

/** What the processes log when the promises cost them something. */
const OF_INTEREST = [
  'Image done',
  'Image retry',
  'Image failed',
  'Image interrupted',
  'Image snoozed',
  'Images nobody was working on are owed again',
  'Outbox work failed; it is retried',
  'Dispatched rows could not be deleted; they come due again',
  'The database is away; trying again',
  'Object removed'
]

/** Times short enough to see lost work owed again, and attempts enough to outlast every trouble. */
const IMPATIENT: Settings = {
  RETRY_BASE_MS: '200',
  MAX_ATTEMPTS: '20',
  JOB_TIMEOUT_MS: '10000',
  DOWNLOAD_TIMEOUT_MS: '4000'
}

/** One run, from the first server to what the audit found. Whatever was started is gone when it resolves. */
export async function runChaos(options: ChaosOptions, report: Report): Promise<Finding[]> {
  const { seed, embedded } = options
  report.event(`seed ${seed}: starting the servers`)
  await using stack = new AsyncDisposableStack()
  const log = stack.use(openLog(options.log))
  const origin = stack.adopt(await startMisbehavingOrigin(seed), (it) => it.stop())
  const servers = embedded ? null : stack.adopt(await startServers(), (it) => it.stop())
  const world = servers ?? stack.adopt(embeddedWorld(), (it) => it.stop())
  const sources = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8', ALLOWED_SOURCE_PORTS: `${origin.port}` }
  const settings = { ...world.settings, ...IMPATIENT, ...sources }
  const roles: Role[] = embedded ? ['all'] : FLEET
  const fleet = stack.adopt(await Fleet.start({ roles, settings, onLine: log.write }), async (it) => {
    await it.stop()
  })

  const dispatcher = stack.adopt(new Agent(), (it) => it.destroy())
  const apis = fleet.members.filter(({ role }) => role !== 'worker').map(({ url }) => url)
  const surroundings = { apis, dispatcher, ledger: new Ledger(), answers: new Tally() }
  const [done, struck] = [new Tally(), new Tally()]
  const tell = (what: string) => report.event(what)
  const killing = { ...options, durationMs: options.minutes * 60_000, fleet, servers, struck, tell }

  report.event(`${fleet.members.length} processes are up: writing and killing`)
  const progress = () => report.progress(`${done}; ${surroundings.ledger.reads} reads; struck: ${struck}`)
  const showing = setInterval(progress, 500)
  const started = Date.now()
  await writeAndKill(options, surroundings, origin, killing, done).finally(() => clearInterval(showing))
  const seconds = Math.round((Date.now() - started) / 1000)
  await fleet.complete()
  report.event('everything is written and everybody is back: waiting for quiet')
  const quietSeconds = await untilQuiet(world, QUIET_LIMIT_MS, (rest) => report.progress(rest))
  report.event(`looking at what is left after ${quietSeconds} s`)
  const findings = await audit({ world, surroundings, origin, fleet })
  const codes = await fleet.stop()
  findings.push({
    promise: 'every process ends well when it is asked to',
    figure: `exit codes ${codes.join(' ')}`,
    wrong: codes.filter((code) => code !== 0).map((code) => `exit code ${code}`)
  })

  report.table(
    `Chaos, seed ${seed}: ${options.products} products in ${seconds} s, quiet after another ${quietSeconds} s`,
    [
      ['written', `${done}`],
      ['read and judged', `${surroundings.ledger.reads} reads`],
      ['answers', `${surroundings.answers}`],
      ['struck', `${struck}`],
      ['the origin answered', `${origin.tally}`],
      ['the S3 proxy', servers ? `${servers.s3Proxy.tally}` : 'not in use'],
      [
        'the service logged',
        OF_INTEREST.map((message) => `${fleet.messages.of(message)} × ${message}`).join(', ')
      ]
    ]
  )
  return findings
}

async function writeAndKill(
  { seed, products }: ChaosOptions,
  surroundings: Surroundings,
  { urlOf }: MisbehavingOrigin,
  killing: KillerOptions,
  done: Tally
): Promise<void> {
  const reading = new AbortController()
  const readers = Array.from({ length: READERS }, (_, index) => {
    return readOn(surroundings, generator(seed + 300 + index), READ_EVERY_MS, reading.signal)
  })
  const writers = Array.from({ length: WRITERS }, (_, index) => {
    const random = generator(seed + 100 + index)
    const share = Math.floor((products + index) / WRITERS)
    return new Writer({ number: index + 1, surroundings, random, urlOf, done }).run(share, killing.durationMs)
  })
  await Promise.all([strikeAll(killing), ...writers]).finally(() => reading.abort())
  await Promise.all(readers)
}
