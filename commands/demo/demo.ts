import { parseArgs } from 'node:util'

export const usage =
  'asyncprod demo [--keep]                shows it: pictures of its own, through the whole service, to a table'

/** `asyncprod demo`. It reads no settings. */
export async function demo(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { keep: { type: 'boolean', default: false } } })
  const { run } = await import('./run.ts')
  await run(values.keep)
}
