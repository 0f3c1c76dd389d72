import { readOptions, USAGE } from './options.ts'
import { Report } from './report.ts'
import { runChaos } from './run.ts'

const options = readOptions(process.argv.slice(2))
if (options === 'help') {
  console.log(USAGE)
} else {
  const report = new Report(process.stdout)
  const kept = report.verdict(await runChaos(options, report))
  process.exitCode = kept ? 0 : 1
}
