import { buffer } from 'node:stream/consumers'
import type { ObjectStore } from './object-store.ts'

/** With more copies at once, each only takes longer. */
const AT_ONCE = 8

export interface CopiedObjects {
  objects: number
  bytes: number
  /** Those that were not there yet. */
  copied: number
}

/**
 * Copies all objects, and reads each one back. What is there already stays, so a copy that was interrupted
 * can be repeated.
 */
export async function copyObjects(
  from: ObjectStore,
  to: ObjectStore,
  onProgress: (done: CopiedObjects) => void
): Promise<CopiedObjects> {
  const done: CopiedObjects = { objects: 0, bytes: 0, copied: 0 }
  const keys = from.list('')[Symbol.asyncIterator]()
  async function copyNext(): Promise<void> {
    for (let next = await keys.next(); !next.done; next = await keys.next()) {
      const { key } = next.value
      // What a killed process has left unfinished.
      if (key.startsWith('.')) continue
      const { bytes, isNew } = await copyObject(from, to, key)
      done.objects++
      done.bytes += bytes
      if (isNew) done.copied++
      onProgress(done)
    }
  }
  // One that cannot be copied does not end the others.
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, copyNext))
  for (const end of ended) if (end.status === 'rejected') throw end.reason
  return done
}

async function copyObject(from: ObjectStore, to: ObjectStore, key: string) {
  const content = await read(from, key)
  if (!content) throw new Error(`The object ${key} was removed meanwhile`)
  const isNew = !(await read(to, key))?.equals(content)
  if (isNew) {
    await to.put(key, content, NEVER)
    if (!(await read(to, key))?.equals(content))
      throw new Error(`The object ${key} is another one when it is read back from the bucket`)
  }
  return { bytes: content.length, isNew }
}

async function read(store: ObjectStore, key: string): Promise<Buffer | null> {
  const object = await store.open(key, NEVER)
  return object && buffer(object.body)
}

const NEVER = new AbortController().signal
