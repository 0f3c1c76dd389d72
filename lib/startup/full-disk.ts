import { type Log, reasonOf } from '../log/log.ts'

/** The disk, a quota or the limit of a file. */
const FULL = /^E(NOSPC|DQUOT|FBIG)$/
const AGAIN_MS = 10 * 60_000

/** Whether a file could not be written for lack of space. */
export const isDiskFull = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && FULL.test(String(error.code))

/** Logs what to do about a full disk, once in ten minutes. */
export class FullDiskWarning {
  readonly #log: Log
  #last = Number.NEGATIVE_INFINITY

  constructor(log: Log) {
    this.#log = log
  }

  /** Logs it if that is what the error says. */
  check(error: unknown): void {
    if (!isDiskFull(error) || performance.now() - this.#last < AGAIN_MS) return
    this.#last = performance.now()
    const reason = reasonOf(error)
    this.#log.error(
      { reason },
      'The disk of DATA_DIR is full: free space on it, or enlarge it. What needs space gets 503 until then'
    )
  }
}
