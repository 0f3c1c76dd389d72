import pg from 'pg'
import { startPostgres } from '../support/servers/postgres.ts'
import { Service } from '../support/service.ts'
import { findings } from './overload-findings.ts'
import { type Measured, measure, type Phase, QUIET_RATE, rowOf } from './phase.ts'
import { Report } from './report.ts'

/** With 20 connections a database that takes 50 ms for a create does 400 a second. */
const SLOW = 0.05

const PHASES: Phase[] = [
  { name: 'quiet', rate: QUIET_RATE, seconds: 5, slowness: 0 },
  { name: 'slow database', rate: 2000, seconds: 10, slowness: SLOW },
  { name: 'quiet again', rate: QUIET_RATE, seconds: 5, slowness: 0 },
  { name: 'more than it can do', rate: 10_000, seconds: 10, slowness: 0 },
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

const report = new Report(process.stdout)
const measured = await overload(report)
report.table('Overload: creates', measured.map(rowOf))
process.exitCode = report.verdict(findings(measured)) ? 0 : 1

/** Offers one process more than it can do, in two ways, and looks at what it does then and afterwards. */
async function overload(report: Report): Promise<Measured[]> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.adopt(await startPostgres(), (it) => it.stop())
  const databaseUrl = await postgres.createDatabase()
  const service = new Service({ DATABASE_URL: databaseUrl })
  stack.defer(async () => void (await service.stop('SIGTERM')))
  await service.ready()
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
