import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createFolder } from './servers/guard.ts'

const BYTES = 2 ** 30
/** `EXT4_IOC_SHUTDOWN` without a flush of its log: from then on nothing reaches the disk. */
const CUT = 'open my $f, "<", $ARGV[0] or die $!; my $how = pack "L", 2; ioctl $f, 0x8004587d, $how or die $!'
/** Nothing is stored unless a program asks for it. */
const LAZY = 'loop,commit=900'

/** An ext4 file system of its own, whose power can be cut: what was not synced is lost. */
export class Disk {
  readonly folder = createFolder('disk')
  readonly #image = `${this.folder}.img`

  constructor() {
    writeFileSync(this.#image, '')
    truncateSync(this.#image, BYTES)
    try {
      execFileSync('mkfs.ext4', ['-q', this.#image])
      this.#mount()
    } catch (cause) {
      throw new Error('A power cut needs root, loop devices and ext4. Leave it out: --only kill,freeze', {
        cause
      })
    }
    mkdirSync(this.data)
  }

  /** A folder on it. */
  get data(): string {
    return `${this.folder}/data`
  }

  cutPower(): void {
    execFileSync('perl', ['-e', CUT, this.folder])
  }

  /** No process may have files on it. */
  restorePower(): void {
    this.#unmount()
    this.#mount()
  }

  async stop(): Promise<void> {
    this.#unmount()
    rmSync(this.#image)
  }

  #mount(): void {
    execFileSync('mount', ['-o', LAZY, this.#image, this.folder])
  }

  #unmount(): void {
    execFileSync('umount', [this.folder])
  }
}
