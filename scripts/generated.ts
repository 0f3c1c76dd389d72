import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

/**
 * Writes generated files. With `--check` it only compares them and sets the exit code to 1 if one is stale.
 * @param files the text by path; null removes the file
 * @param command the command that generates them
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

/** Resolves with a document that has each content between `<!-- name -->` and `<!-- /name -->`. */
export async function withSections(path: string, contents: Record<string, string>): Promise<string> {
  const text = await readFile(path, 'utf8')
  return Object.entries(contents).reduce(
    (text, [name, content]) => withSection(text, name, content, path),
    text
  )
}

function withSection(text: string, name: string, content: string, path: string): string {
  const section = new RegExp(`(<!-- ${name} -->\\n).*(<!-- /${name} -->)`, 's')
  if (!section.test(text)) throw new Error(`${path} lacks the lines <!-- ${name} --> and <!-- /${name} -->`)
  return text.replace(section, (_, begin, end) => `${begin}${content}${end}`)
}

async function write(path: string, text: string | null): Promise<void> {
  if (text === null) return rm(path)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
