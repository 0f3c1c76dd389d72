/** Jobs that run now, and how they end when the service stops. */
export class TaskGroup {
  readonly #jobs = new Set<Promise<unknown>>()
  readonly #abort = new AbortController()

  async run<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = job(this.#abort.signal)
    this.#jobs.add(running)
    try {
      return await running
    } finally {
      this.#jobs.delete(running)
    }
  }

  /** Waits for every job; those that run after `graceMs` are aborted, and waited for. */
  async drain(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(new Error('the service is stopping')), graceMs)
    while (this.#jobs.size > 0) await Promise.allSettled(this.#jobs)
    clearTimeout(timer)
  }
}
