import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Makes the content of a file, or the names in a folder, survive a power cut. */
export async function sync(path: string): Promise<void> {
  await using file = await open(path)
  await file.sync()
}

/** Makes a folder survive with everything in it. */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const paths = (isWanted: (entry: (typeof entries)[number]) => boolean) =>
    entries.filter(isWanted).map(({ name }) => join(folder, name))
  await Promise.all(paths((entry) => entry.isFile()).map(sync))
  for (const path of paths((entry) => entry.isDirectory())) await syncTree(path)
  await sync(folder)
}
