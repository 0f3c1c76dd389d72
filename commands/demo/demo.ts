import { parseArgs } from 'node:util'

export const usage =
  'asyncprod demo [--keep]                processes pictures of its own on a service of its own, and shows a table'

/** `asyncprod demo`. Of the user's settings, it follows RENDITIONS and PLACEHOLDERS only. */
export async function demo({ RENDITIONS, PLACEHOLDERS }: NodeJS.ProcessEnv, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { keep: { type: 'boolean', default: false } } })
  const { run } = await import('./run.ts')
  await run({ RENDITIONS, PLACEHOLDERS }, values.keep)
}
