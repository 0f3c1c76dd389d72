import { randomUUID } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { notStored, type ObjectStore, type StoredObject } from './object-store.ts'

/** Folder of files that are being written. Hidden, so that it is not served. */
const UNFINISHED = '.unfinished'

/** Objects as files in one folder. `publicUrl` is a function: port 0 becomes known after listening. */
export class FileStore implements ObjectStore {
  readonly #folder: string
  readonly #publicUrl: () => string

  constructor(folder: string, publicUrl: () => string) {
    this.#folder = folder
    this.#publicUrl = publicUrl
  }

  /** Removes files that a killed process has written in part. To be called before the first `put`. */
  async discardUnfinished(): Promise<void> {
    await rm(join(this.#folder, UNFINISHED), { recursive: true, force: true })
  }

  async put(key: string, jpeg: Buffer, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    const path = join(this.#folder, key)
    const unfinished = join(this.#folder, UNFINISHED, randomUUID())
    try {
      await mkdir(dirname(unfinished), { recursive: true })
      await mkdir(dirname(path), { recursive: true })
      await writeDurably(unfinished, jpeg)
      await rename(unfinished, path)
      await syncFolders(dirname(path), dirname(dirname(path)))
    } catch (cause) {
      await rm(unfinished, { force: true }).catch(() => undefined)
      throw notStored(cause)
    }
    return this.urlOf(key)
  }

  urlOf(key: string): string {
    return `${this.#publicUrl()}/${key}`
  }

  async remove(key: string): Promise<void> {
    await rm(join(this.#folder, key), { force: true })
  }

  async *list(prefix: string, after = ''): AsyncIterable<StoredObject> {
    const folder = join(this.#folder, prefix.slice(0, prefix.lastIndexOf('/') + 1))
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(noFolderYet)
    const keys = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.#folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
      .filter((key) => key.startsWith(prefix) && key > after)
    for (const key of keys.sort()) {
      // It may have been removed meanwhile.
      const file = await stat(join(this.#folder, key)).catch(() => undefined)
      if (file) yield { key, modified: file.mtime, bytes: file.size }
    }
  }

  async ping(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  async close(): Promise<void> {}
}

function noFolderYet(error: unknown): Dirent[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
  throw error
}

/** A row with status `done` survives a power cut, so its file must, too. */
async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, 'wx')
  await file.writeFile(bytes)
  await file.sync()
}

/** A file's name is stored in its folder, and the folder's in the one above. */
async function syncFolders(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await using folder = await open(path)
    await folder.sync()
  }
}
