import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { fromPixels, pixels } from '../../test/support/quality/reference.ts'
import { createFolder } from '../../test/support/servers/guard.ts'
import type { Setting } from './settings.ts'

const run = promisify(execFile)

/** Compiles the Go service's resizer and returns it as a setting. */
export function goResizer(): Setting {
  const folder = createFolder('go')
  const program = join(folder, 'resizer')
  const [from, to] = [join(folder, 'source'), join(folder, 'small.jpg')]
  execFileSync('go', ['build', '-o', program, join(import.meta.dirname, 'go/main.go')], {
    env: {
      ...process.env,
      GO111MODULE: 'off',
      GOPATH: '/usr/share/gocode',
      GOCACHE: join(folder, 'cache'),
      CGO_ENABLED: '0'
    }
  })
  return {
    name: 'the Go service’s resizer',
    async make(source) {
      await writeFile(from, await withoutAlpha(source))
      const { stdout } = await run(program, [from, to])
      return { encoded: readFileSync(to), cpu: Number(stdout) }
    }
  }
}

/** It makes black what is transparent; that is no matter of the resizer. */
async function withoutAlpha(source: Buffer): Promise<Buffer> {
  const { hasAlpha } = await sharp(source).metadata()
  return hasAlpha
    ? await fromPixels(await pixels(sharp(source)))
        .png()
        .toBuffer()
    : source
}
