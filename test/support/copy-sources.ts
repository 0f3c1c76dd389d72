import { cpSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT } from '../../scripts/generated.ts'
import { createFolder } from './servers/guard.ts'

const LEFT_OUT = ['.env', '.git', '.tap', 'node_modules', 'build', 'dist', 'data', 'results']

/** Copies the sources, and links their modules. Returns the folder, which goes when this process ends. */
export function copySources(from = ROOT): string {
  const copy = createFolder('sources')
  cpSync(from, copy, { recursive: true, filter: (path) => !LEFT_OUT.includes(basename(path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  return copy
}
