import { type FileHandle, open, rm } from 'node:fs/promises'

/** A file of the lines that were refused and why. It is made with the first one. */
export class RefusedLines {
  readonly path: string
  count = 0
  #file: FileHandle | undefined

  private constructor(path: string) {
    this.path = path
  }

  /** Removes the file of an earlier import. */
  static async at(path: string): Promise<RefusedLines> {
    await rm(path, { force: true })
    return new RefusedLines(path)
  }

  async add(line: object): Promise<void> {
    this.count++
    this.#file ??= await open(this.path, 'w')
    await this.#file.write(`${JSON.stringify(line)}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close()
  }
}
