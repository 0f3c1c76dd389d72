import { parseArgs } from 'node:util'
import { installOnce } from '../scripts/install.ts'
import { installDebianPackages } from './quality/debian.ts'

const USAGE = `npm run quality [-- --images N] [--only setting,setting]

Makes at most N pictures of the corpus with each setting, or with those whose names begin so, and prints how
near the results come to a reference in linear light.`

const { values: options } = parseArgs({
  options: {
    images: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false }
  }
})
if (options.help) console.log(USAGE)
else {
  await installOnce(import.meta.dirname)
  installDebianPackages()
  const { run } = await import('./quality/run.ts')
  await run(options.images ? Number(options.images) : undefined, options.only?.split(',') ?? [])
}
