import { createWriteStream } from 'node:fs'

interface LineLog extends Disposable {
  write(line: string): void
}

/** What the processes print, into one file, or nowhere. */
export function openLog(path: string | undefined): LineLog {
  const file = path === undefined ? null : createWriteStream(path)
  return {
    write: (line) => void file?.write(`${line}\n`),
    [Symbol.dispose]: () => file?.end()
  }
}
