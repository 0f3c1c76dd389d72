import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

// What only the benchmark needs is no dependency of the product: it is installed here, on first use.
if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  const { status } = spawnSync('npm', ['ci', '--prefix', import.meta.dirname], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const [{ readOptions, USAGE }, { run }, { ROWS }] = await Promise.all([
  import('./options.ts'),
  import('./run.ts'),
  import('./rows/all.ts')
])

function options() {
  try {
    return readOptions(
      process.argv.slice(2),
      ROWS.map(({ name }) => name)
    )
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exit(2)
  }
}

await run(options())
