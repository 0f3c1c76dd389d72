import { execFileSync } from 'node:child_process'
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Owner } from './owner.ts'
import { createFolder } from './servers/guard.ts'

/** A file system of its own, which can be filled. */
export class SmallDisk {
  readonly folder = createFolder('disk')
  readonly #filler = join(this.folder, 'filler')

  /** Unmounted when the test ends. Returns null where mounting is not permitted. */
  static mount(owner: Owner): SmallDisk | null {
    const disk = new SmallDisk()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', disk.folder], { stdio: 'ignore' })
    } catch {
      return null
    }
    owner.teardown(async () => void execFileSync('umount', ['--lazy', disk.folder]))
    return disk
  }

  /** Leaves so many bytes free. */
  async fill(free: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder)
    execFileSync('fallocate', ['-l', String(bavail * bsize - free), this.#filler])
  }

  async empty(): Promise<void> {
    await rm(this.#filler)
  }
}
