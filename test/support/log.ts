import { EventEmitter, on } from 'node:events'
import type { Log } from '../../lib/log/log.ts'

export interface Line {
  level: 'debug' | 'info' | 'warn' | 'error'
  details: object
  message: string
}

export interface TestLog extends Log {
  lines: Line[]
  /** Resolves with the first line whose message matches, be it there or yet to come. */
  said(message: RegExp): Promise<Line>
}

/** A log that remembers. */
export function createLog(): TestLog {
  const lines: Line[] = []
  const news = new EventEmitter<{ line: [Line] }>()
  const write = (level: Line['level']) => (details: object, message: string) => {
    const line = { level, details, message }
    lines.push(line)
    news.emit('line', line)
  }
  return {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    async said(message) {
      const known = lines.find((line) => message.test(line.message))
      if (known) return known
      for await (const [line] of on(news, 'line')) if (message.test(line.message)) return line
      throw new Error('unreachable')
    }
  }
}
