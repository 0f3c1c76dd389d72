import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fromPixels, type Pixels } from '../../test/support/quality/reference.ts'
import { Ssimulacra2 } from '../../test/support/quality/ssimulacra2.ts'
import { createFolder } from '../../test/support/servers/guard.ts'

/** Pixels of one size. */
export interface References {
  linear: Pixels
  srgb: Pixels
}

/** SSIMULACRA2 against both references; butteraugli, the worst place, against the linear one. */
export interface Scores {
  linear: number
  srgb: number
  butteraugli: number
}

const run = promisify(execFile)

export class Scorer implements AsyncDisposable {
  readonly #folder = createFolder('scores')
  readonly #linear = new Ssimulacra2()
  readonly #srgb = new Ssimulacra2()

  async score({ linear, srgb }: References, picture: Pixels): Promise<Scores> {
    const { data, width, height } = picture
    const pair = { picture: data, width, height }
    const [first, second, third] = await Promise.all([
      this.#linear.score({ ...pair, reference: linear.data }),
      this.#srgb.score({ ...pair, reference: srgb.data }),
      this.#butteraugli(linear, picture)
    ])
    return { linear: first, srgb: second, butteraugli: third }
  }

  async #butteraugli(reference: Pixels, picture: Pixels): Promise<number> {
    const paths = await Promise.all([this.#write('reference', reference), this.#write('picture', picture)])
    const { stdout } = await run('butteraugli', paths)
    return Number(stdout)
  }

  async #write(name: string, picture: Pixels): Promise<string> {
    const path = join(this.#folder, `${name}.png`)
    await fromPixels(picture).png({ compressionLevel: 1 }).toFile(path)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#linear[Symbol.asyncDispose](), this.#srgb[Symbol.asyncDispose]()])
  }
}
