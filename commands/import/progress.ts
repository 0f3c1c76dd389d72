const SHOW_EVERY_MS = 200
const BAR = 24

/** Counts what became of lines. At a terminal it shows a bar. */
export class ImportProgress {
  readonly #bytes: number | null
  readonly #started = performance.now()
  readonly #counts = { created: 0, replaced: 0, refused: 0 }
  readonly #bytesRead: () => number
  #shown = 0

  /** `bytes`: the size of the input, if it is known. */
  constructor(bytes: number | null, bytesRead: () => number) {
    this.#bytes = bytes
    this.#bytesRead = bytesRead
  }

  count(status: number): void {
    this.#counts[status === 201 ? 'created' : status < 400 ? 'replaced' : 'refused']++
    if (!process.stderr.isTTY || performance.now() - this.#shown < SHOW_EVERY_MS) return
    this.#shown = performance.now()
    process.stderr.write(`\r\x1b[K${this.#bar()}${this.#line()}`)
  }

  summary(): string {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    return this.#line()
  }

  #bar(): string {
    if (!this.#bytes) return ''
    const done = Math.min(1, this.#bytesRead() / this.#bytes)
    return `${'█'.repeat(Math.round(done * BAR)).padEnd(BAR, '░')} ${Math.round(done * 100)}% `
  }

  #line(): string {
    const { created, replaced, refused } = this.#counts
    const lines = created + replaced + refused
    const seconds = (performance.now() - this.#started) / 1000
    const text = (count: number) => count.toLocaleString('en')
    const counts = `${text(created)} created, ${text(replaced)} replaced, ${text(refused)} refused`
    return `${text(lines)} products: ${counts}; ${text(Math.round(lines / seconds))}/s`
  }
}
