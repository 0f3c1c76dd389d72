import { fsyncSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { isDiskFull } from '../startup/full-disk.ts'

/** What Emscripten calls NODEFS, as far as it is used here. */
interface NodeFiles {
  stream_ops: { fsync?(stream: { nfd: number }): number }
  /** Translates errors of Node into those of Emscripten. Every operation goes through it. */
  tryFSOperation<T>(work: () => T): T
}

export interface FileEvents {
  /** PostgreSQL ends itself, as it does when it cannot write or sync its log. */
  abort(): void
  /** A file could not be written for lack of space. */
  full(error: Error): void
}

/** PGlite's own files in a folder ignore fsync, so a power cut would lose commits. */
export class DurableFiles extends NodeFS {
  readonly #on: FileEvents

  constructor(folder: string, on: FileEvents) {
    super(folder)
    this.#on = on
  }

  override async init(...options: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...options)
    const { abort, full } = this.#on
    emscriptenOpts.onAbort = abort
    emscriptenOpts.preRun?.push(({ FS }) => {
      heedSyncs(FS.filesystems.NODEFS)
      reportFull(FS.filesystems.NODEFS, full)
    })
    return { emscriptenOpts }
  }
}

/** PGlite's own turn fsync off. The default of the method, fdatasync, does nothing in PGlite. */
export const DURABLE = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  '-c',
  'wal_sync_method=fsync'
]

function heedSyncs({ stream_ops, tryFSOperation }: NodeFiles): void {
  stream_ops.fsync = ({ nfd }) => {
    tryFSOperation(() => fsyncSync(nfd))
    return 0
  }
}

/** PostgreSQL knows one error for a full disk, and takes that of a quota for a bug. */
function reportFull(files: NodeFiles, full: FileEvents['full']): void {
  const { tryFSOperation } = files
  files.tryFSOperation = (work) =>
    tryFSOperation(() => {
      try {
        return work()
      } catch (error) {
        if (!isDiskFull(error)) throw error
        full(error)
        throw Object.assign(new Error(error.message, { cause: error }), { code: 'ENOSPC' })
      }
    })
}
