import { styleText } from 'node:util'

/** One promise, and what was found against it. It holds when nothing is wrong. */
export interface Finding {
  promise: string
  /** What was looked at. */
  figure: string
  wrong: string[]
}

const PROGRESS_EVERY_MS = 10_000
const WRONG_SHOWN = 5
const NAME_WIDTH = 24

export interface Output {
  isTTY?: boolean
  write(text: string): unknown
}

/** Prints the progress: on a terminal in one line that changes, elsewhere a line every ten seconds. */
export class Report {
  readonly #started = Date.now()
  readonly #out: Output
  #nextProgress = 0

  constructor(out: Output) {
    this.#out = out
  }

  /** Something that happens once. */
  event(what: string): void {
    this.#clear()
    this.#out.write(`${this.#clock()} ${what}\n`)
  }

  /** How far it is. Most of these are not printed. */
  progress(what: string): void {
    if (this.#out.isTTY) {
      this.#clear()
      this.#out.write(`${this.#clock()} ${what}`)
      return
    }
    if (Date.now() < this.#nextProgress) return
    this.#nextProgress = Date.now() + PROGRESS_EVERY_MS
    this.#out.write(`${this.#clock()} ${what}\n`)
  }

  table(title: string, rows: [string, string][]): void {
    this.#clear()
    this.#out.write(`\n${this.#style('bold', title)}\n`)
    for (const [name, value] of rows) this.#out.write(`  ${name.padEnd(NAME_WIDTH)} ${value}\n`)
  }

  /** Prints the findings. Returns whether every promise held. */
  verdict(findings: Finding[]): boolean {
    this.#out.write(`\n${this.#style('bold', 'Findings')}\n`)
    for (const { promise, figure, wrong } of findings) {
      const mark = wrong.length === 0 ? this.#style('green', 'ok    ') : this.#style('red', 'BROKEN')
      this.#out.write(`  ${mark} ${promise} (${figure})\n`)
      for (const problem of wrong.slice(0, WRONG_SHOWN)) this.#out.write(`         ${problem}\n`)
      if (wrong.length > WRONG_SHOWN) this.#out.write(`         and ${wrong.length - WRONG_SHOWN} more\n`)
    }
    const broken = findings.filter(({ wrong }) => wrong.length > 0).length
    const verdict =
      broken === 0 ? 'Every promise was kept.' : `${broken} of ${findings.length} promises were broken.`
    this.#out.write(`\n${this.#style(broken === 0 ? 'green' : 'red', verdict)}\n`)
    return broken === 0
  }

  #clock(): string {
    const seconds = Math.floor((Date.now() - this.#started) / 1000)
    return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`
  }

  #style(format: Parameters<typeof styleText>[0], text: string): string {
    return this.#out.isTTY ? styleText(format, text) : text
  }

  #clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[2K')
  }
}
