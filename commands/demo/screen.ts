import { styleText } from 'node:util'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80

interface Task {
  name: string
  /** What is said of it at the moment. */
  state: string
  result: 'done' | 'failed' | null
}

/** Shows what is being done: with a terminal one line a task that changes in place, without one a line for each change. */
export class Screen implements Disposable {
  readonly #out = process.stdout
  #tasks: Task[] = []
  #drawn = 0
  #frame = 0
  #timer: NodeJS.Timeout | undefined

  /** Text that stays. */
  say(...lines: string[]): void {
    this.#settle()
    for (const line of lines) this.#out.write(`${line}\n`)
  }

  /** Shows the task until `work` ends, and then how long that took. */
  async task<T>(name: string, work: Promise<T>): Promise<T> {
    const begin = performance.now()
    const report = this.begin(name)
    try {
      const value = await work
      report(seconds(begin), 'done')
      return value
    } catch (error) {
      report('failed', 'failed')
      throw error
    }
  }

  /** Shows a task, and answers how to say what has become of it. */
  begin(name: string): (state: string, result?: Task['result']) => void {
    const task: Task = { name, state: '', result: null }
    this.#tasks.push(task)
    if (this.#out.isTTY) this.#timer ??= setInterval(() => this.#draw(), FRAME_MS)
    return (state, result = null) => {
      if (state === task.state && result === task.result) return
      Object.assign(task, { state, result })
      if (this.#out.isTTY) this.#draw()
      else this.#out.write(`${name}: ${state}\n`)
    }
  }

  [Symbol.dispose](): void {
    this.#settle()
  }

  #draw(): void {
    const { columns } = this.#out
    const width = Math.max(...this.#tasks.map(({ name }) => name.length))
    const lines = this.#tasks.map(
      ({ name, state, result }) =>
        `${this.#sign(result)} ${name.padEnd(width)}  ${styleText('dim', state.slice(0, columns - width - 5))}`
    )
    if (this.#drawn > 0) this.#out.moveCursor(0, -this.#drawn)
    this.#out.cursorTo(0)
    this.#out.clearScreenDown()
    this.#out.write(`${lines.join('\n')}\n`)
    this.#drawn = lines.length
    this.#frame++
  }

  /** What is drawn stays as it is. */
  #settle(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#tasks.length > 0 && this.#out.isTTY) this.#draw()
    this.#tasks = []
    this.#drawn = 0
  }

  #sign(result: Task['result']): string {
    if (result === 'done') return styleText('green', '✓')
    if (result === 'failed') return styleText('red', '✗')
    return styleText('cyan', FRAMES[this.#frame % FRAMES.length] ?? '')
  }
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`
