import pg from 'pg'
import { Agent } from 'undici'
import { createFolder } from '../test/services/guard.ts'
import { freePort } from '../test/services/port.ts'
import { startPostgres } from '../test/services/postgres.ts'
import type { Finding } from './audit.ts'
import { type Load, offer, percentile } from './load.ts'
import { Member } from './member.ts'
import { peakMemory } from './memory.ts'
import { Report } from './report.ts'

interface Phase {
  name: string
  rate: number
  seconds: number
  /** How long the database takes over each create, in seconds. */
  slowness: number
}

interface Measured extends Phase {
  load: Load
  /** MiB */
  peak: number
  /** Rows. */
  created: number
}

type Row = [string, string]

/** With 20 connections a database that takes 50 ms over a create does 400 a second. */
const SLOW = 0.05

const QUIET_RATE = 100
/** No client should wait longer for a create than this: ten times what the service lets wait for a slow database. */
const LONGEST_MS = 5000

const PHASES: Phase[] = [
  { name: 'quiet', rate: QUIET_RATE, seconds: 5, slowness: 0 },
  { name: 'slow database', rate: 2000, seconds: 15, slowness: SLOW },
  { name: 'quiet again', rate: QUIET_RATE, seconds: 5, slowness: 0 },
  { name: 'more than it can do', rate: 12_000, seconds: 15, slowness: 0 },
  { name: 'and quiet again', rate: QUIET_RATE, seconds: 5, slowness: 0 }
]

const SLOW_CREATES = `
CREATE TABLE slowness (seconds float8);
INSERT INTO slowness VALUES (0);
CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_sleep(seconds) FROM slowness WHERE seconds > 0;
  RETURN NEW;
END $$;
CREATE TRIGGER be_slow BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION be_slow()`

/** The service may take this much more memory than it has at rest. MiB. */
const MEMORY_ROOM = 250

const report = new Report(process.stdout)
const measured = await overload(report)
report.table('Overload: creates', measured.map(rowOf))
process.exitCode = report.verdict(judge(measured)) ? 0 : 1

/** Offers one process more than it can do, in two ways, and looks at what it does then and afterwards. */
async function overload(report: Report): Promise<Measured[]> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.adopt(await startPostgres(), (it) => it.stop())
  const databaseUrl = await postgres.createDatabase()
  const folder = createFolder('overload')
  const settings = { DATABASE_URL: databaseUrl, DATA_DIR: folder }
  const service = new Member('service', 'all', await freePort(), settings, () => undefined)
  stack.defer(async () => void (await service.end('SIGTERM')))
  await service.start(folder)
  const database = stack.adopt(new pg.Client({ connectionString: databaseUrl }), (it) => it.end())
  await database.connect()
  await database.query(SLOW_CREATES)

  const measured: Measured[] = []
  for (const phase of PHASES) {
    report.event(`${phase.name}: ${phase.rate} creates a second for ${phase.seconds} s`)
    measured.push(await measure(phase, service, database))
  }
  return measured
}

async function measure(phase: Phase, { url, pid }: Member, database: pg.Client): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const dispatcher = stack.adopt(new Agent(), (it) => it.destroy())
  await database.query('UPDATE slowness SET seconds = $1', [phase.slowness])
  const rowsBefore = await countProducts(database)
  peakMemory(pid)
  const load = await offer(dispatcher, url, phase.rate, phase.seconds * 1000)
  return { ...phase, load, peak: peakMemory(pid), created: (await countProducts(database)) - rowsBefore }
}

async function countProducts(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>('SELECT count(*)::integer FROM products')
  return rows[0]?.count ?? 0
}

function rowOf({ name, seconds, load, peak }: Measured): Row {
  const { offered, accepted, refused, latencies, refusals, others } = load
  const perSecond = (count: number) => `${Math.round(count / seconds)}/s`
  const times = (sorted: number[]) => {
    return sorted.length === 0
      ? ''
      : ` (p50 ${ms(percentile(sorted, 0.5))}, p99 ${ms(percentile(sorted, 0.99))})`
  }
  const figures = [
    `offered ${perSecond(offered)}`,
    `accepted ${perSecond(accepted)}${times(latencies)}`,
    `refused ${perSecond(refused)}${times(refusals)}`,
    `other ${others.length}`,
    `peak ${peak} MiB`
  ]
  return [name, figures.join(', ')]
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}

function judge(measured: Measured[]): Finding[] {
  const [rest, ...later] = measured
  const finding = (
    promise: string,
    figure: string,
    isWrong: (phase: Measured) => string | false
  ): Finding => ({
    promise,
    figure,
    wrong: measured.flatMap((phase) => {
      const problem = isWrong(phase)
      return problem === false ? [] : [`${phase.name}: ${problem}`]
    })
  })
  const total = (count: (phase: Measured) => number) => measured.reduce((sum, phase) => sum + count(phase), 0)
  const calm = Math.max(...later.filter(isQuiet).map(({ load }) => percentile(load.latencies, 0.5)))
  return [
    finding(
      'every create was accepted or refused',
      `${total(({ load }) => load.offered)} creates`,
      ({ load }) => {
        return (
          load.others.length > 0 && `${load.others.length} ended with ${[...new Set(load.others)].join(', ')}`
        )
      }
    ),
    finding(
      'every refusal said when to come back',
      `${total(({ load }) => load.refused)} refusals`,
      ({ load }) => {
        return load.rude > 0 && `${load.rude} did not`
      }
    ),
    finding(
      'what was accepted exists, and nothing else',
      `${total(({ created }) => created)} rows`,
      ({ load, created }) => {
        return created !== load.accepted && `${load.accepted} accepted, ${created} rows`
      }
    ),
    finding(
      'too much is refused',
      'when overloaded',
      (phase) => !isQuiet(phase) && phase.load.refused === 0 && 'it was not'
    ),
    finding('nothing is refused when it is quiet, before and after', 'when quiet', (phase) => {
      return isQuiet(phase) && phase.load.refused > 0 && `${phase.load.refused} were`
    }),
    finding('memory stays bounded', `${rest?.peak} MiB at rest`, ({ peak }) => {
      return peak > (rest?.peak ?? 0) + MEMORY_ROOM && `${peak} MiB`
    }),
    finding('accepted creates are answered in time', `p50 ${ms(calm)} when quiet again`, ({ load }) => {
      const p99 = percentile(load.latencies, 0.99)
      return p99 > LONGEST_MS && `p99 ${ms(p99)}`
    })
  ]
}

function isQuiet({ rate }: Phase): boolean {
  return rate === QUIET_RATE
}
