import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

/**
 * Writes files that are made of others: text by path, null for one that should not be there. With `--check` it only
 * compares, and the process ends with 1 when a file is not what it would be written as.
 * @param command what makes them
 */
export async function generate(files: Map<string, string | null>, command: string): Promise<void> {
  for (const [path, text] of files) {
    if ((await readFile(path, 'utf8').catch(() => null)) === text) continue
    const name = relative(ROOT, path)
    if (process.argv.includes('--check')) {
      console.error(`${name} is not up to date: run ${command}`)
      process.exitCode = 1
    } else {
      await write(path, text)
      console.log(`${name} is ${text === null ? 'removed' : 'written'}`)
    }
  }
}

async function write(path: string, text: string | null): Promise<void> {
  if (text === null) return rm(path)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
