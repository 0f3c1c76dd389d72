import { fsyncSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'

/** What Emscripten calls NODEFS, as far as it is used here. */
interface NodeFiles {
  stream_ops: { fsync?(stream: { nfd: number }): number }
  /** Translates errors of Node into those of Emscripten. */
  tryFSOperation(work: () => void): void
}

/** PGlite's own files in a folder ignore fsync, so a power cut would lose commits. */
export class DurableFiles extends NodeFS {
  readonly #onAbort: () => void

  /** `onAbort` is called when PostgreSQL ends itself, as it does when it cannot write or sync its log. */
  constructor(folder: string, onAbort: () => void) {
    super(folder)
    this.#onAbort = onAbort
  }

  override async init(...options: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...options)
    emscriptenOpts.onAbort = this.#onAbort
    emscriptenOpts.preRun?.push(({ FS }) => heedSyncs(FS.filesystems.NODEFS))
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
