import { installOnce } from '../scripts/install.ts'

await installOnce(import.meta.dirname)

const [{ readOptions, USAGE }, { run }, { rowsOf }] = await Promise.all([
  import('./options.ts'),
  import('./run.ts'),
  import('./rows/all.ts')
])

function options() {
  try {
    return readOptions(process.argv.slice(2), (peers) => rowsOf(peers).map(({ name }) => name))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exit(2)
  }
}

await run(options())
