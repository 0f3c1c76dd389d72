// A decoder that does what its picture says. What is no command is compressed.
import { pbkdf2 } from 'node:crypto'
import { writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { compress } from '../../../lib/compress.ts'
import { compressForParent } from '../../../lib/decoder/child.ts'
import { frameStart } from '../../../lib/decoder/frame.ts'

const COMMANDS: Record<string, () => Promise<never>> = {
  crash: async () => process.abort(),
  exit: async () => process.exit(3),
  hang: async () => await new Promise<never>(() => undefined),
  spin: async () => {
    for (;;);
  },
  // As a native decoder does it: on a thread that nothing interrupts.
  toil: async () => {
    await promisify(pbkdf2)('', '', 2 ** 31 - 1, 64, 'sha512')
    throw new Error('That took long')
  },
  bloat: async () => {
    const held: Buffer[] = []
    for (;;) {
      held.push(Buffer.alloc(20 * 1024 * 1024, held.length + 1))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  },
  babble: async () => {
    process.stdout.write('This is no frame, however long one reads it.')
    return await new Promise<never>(() => undefined)
  },
  repeat: async () => {
    writeSync(1, frameStart({ state: 'begun' }, 0))
    return await new Promise<never>(() => undefined)
  },
  'go on': async () => {
    setImmediate(() => writeSync(1, frameStart({ state: 'begun' }, 0)))
    throw new Error('That is all')
  }
}

compressForParent(async (source, options) => {
  const command = COMMANDS[source.toString('latin1', 0, 20)]
  return command ? await command() : await compress(source, options)
})
