import type { Module } from './module.ts'

const DECODER = 'test/lib/decoder/decoder.test.ts'

/** How images are made. */
export const PIPELINE: Module[] = [
  {
    file: 'lib/pipeline/process-product.ts',
    test: 'test/lib/pipeline/process-product.test.ts',
    mutants: {
      'images are unlocked after the commit': ['    lock.release()\n', ''],
      'a message takes what is not due': [
        "status === 'pending' && Date.parse(due_at) <= read_at.getTime()",
        "status === 'pending'"
      ],
      'a database that is away ends the job': [
        'if (!isUnavailable(error) || stop.aborted) throw error',
        'throw error'
      ]
    }
  },
  {
    file: 'lib/pipeline/store-breaker.ts',
    test: 'test/lib/pipeline/store-breaker.test.ts',
    mutants: {
      'the breaker of the store never opens': ['>= FAILURES_TO_OPEN', '> 1_000_000'],
      'a store that fails is asked without growing pauses': ['2 * this.#pauseMs', 'this.#pauseMs'],
      'uploads wait out their pause although the store is back': ['    this.#closed.abort()\n', ''],
      'a store that fails costs attempts': ['this.#successes === successes ? this.#down() : error', 'error'],
      'a store that is silent has not failed': ['const isSilent = ', 'const isSilent = false && ']
    }
  },
  {
    file: 'consumers/object-removal.ts',
    test: 'test/consumers/store-down.test.ts',
    mutants: {
      'removals ask a store that fails': ['storeBreakers.uploads.failure ? 0 : CAPACITY', 'CAPACITY']
    }
  },
  {
    file: 'lib/pipeline/image-locks.ts',
    test: 'test/lib/pipeline/image-locks.test.ts',
    mutants: {
      'images are not locked': ['images.filter((image) => !this.#locked.has(keyOf(image)))', 'images'],
      'a lock is on every generation': ['generation }: Lockable) =>', 'generation }: Lockable) => id ||']
    }
  },
  {
    file: 'lib/pipeline/make-image.ts',
    test: 'test/lib/pipeline/attempts.test.ts',
    mutants: {
      'a stop is a failed attempt': [
        'if (stop.aborted || (signal.aborted && ownMs < jobTimeoutMs / 2))',
        'if (false)'
      ]
    }
  },
  {
    file: 'lib/pipeline/make-image.ts',
    test: 'test/lib/pipeline/leftovers.test.ts',
    mutants: { 'a failed upload is not removed': ['    progress.stored = stored\n', ''] }
  },
  {
    file: 'lib/pipeline/origins.ts',
    test: 'test/lib/pipeline/limiter.test.ts',
    mutants: {
      'one origin may have all places': ['const SHARE_OF_ONE = 3 / 4', 'const SHARE_OF_ONE = 1'],
      'troubled origins may have all places': [
        'const SHARE_OF_TROUBLED = 1 / 2',
        'const SHARE_OF_TROUBLED = 1'
      ]
    }
  },
  {
    file: 'lib/pipeline/origin.ts',
    test: 'test/lib/pipeline/breaker.test.ts',
    mutants: {
      'a breaker never opens': ["if (this.#failures < FAILURES_TO_OPEN) return 'closed'", "return 'closed'"]
    }
  },
  {
    file: 'lib/decoder/limits.ts',
    test: DECODER,
    mutants: {
      'a decoder may take any memory': ['usage.residentBytes > residentBytes', 'false'],
      'a decoder may take any CPU time': ['usage.cpuSeconds - cpuBefore > cpuSeconds', 'false'],
      'a decoder may take any time': ['else if (isLate)', 'else if (false)']
    }
  },
  {
    file: 'lib/decoder/process.ts',
    test: DECODER,
    mutants: {
      'a decoder lives on after an abort': [
        "const abort = () => this.#kill('abort', signal.reason)",
        'const abort = () => undefined'
      ]
    }
  }
]
