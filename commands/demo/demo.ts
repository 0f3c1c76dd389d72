import { parseArgs } from 'node:util'

export const usage =
  'asyncprod demo [--keep]                processes pictures of its own on a service of its own, and shows a table'

/** `asyncprod demo`. It reads no settings. */
export async function demo(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { keep: { type: 'boolean', default: false } } })
  const { run } = await import('./run.ts')
  await run(values.keep)
}
