import { readOptions, USAGE } from './options.ts'
import { Report } from './report.ts'
import { runChaos } from './run.ts'

const options = readOptions(process.argv.slice(2))
if (options === 'help') console.log(USAGE)
else if (!(await runChaos(options, new Report(process.stdout)))) process.exitCode = 1
