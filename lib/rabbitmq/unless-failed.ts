import { type EventEmitter, once } from 'node:events'

/** Waits as `wait` does, and rejects with the reason if the emitter emits `failed` before. */
export async function unlessFailed(
  emitter: EventEmitter,
  wait: (signal: AbortSignal) => Promise<unknown>
): Promise<void> {
  const abort = new AbortController()
  const { signal } = abort
  const failed = once(emitter, 'failed', { signal }).then(([error]) => Promise.reject(error))
  try {
    await Promise.race([failed, wait(signal)])
  } finally {
    abort.abort()
  }
}
