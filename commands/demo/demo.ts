export const usage =
  'asyncprod demo [--keep]                shows it: pictures of its own, through the whole service, to a table'

/** `asyncprod demo`. The script reads its own arguments, and no settings. */
export async function demo(): Promise<void> {
  process.argv.splice(2, 1)
  await import('./run.ts')
}
