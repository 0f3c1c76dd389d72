import { cpSync, existsSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT } from '../../scripts/generated.ts'
import { createFolder } from './servers/guard.ts'

/** Folders whose modules the copy shares. */
const WITH_MODULES = ['.', 'scripts/bundle', 'scripts/tools', 'scripts/node']
const LEFT_OUT = ['.env', '.git', '.tap', 'node_modules', 'build', 'dist', 'data', 'results']

/** Copies the sources, and links their modules. Returns the folder, which goes when this process ends. */
export function copySources(from = ROOT): string {
  const copy = createFolder('sources')
  cpSync(from, copy, { recursive: true, filter: (path) => !LEFT_OUT.includes(basename(path)) })
  for (const folder of WITH_MODULES) {
    const modules = join(folder, 'node_modules')
    if (existsSync(join(ROOT, modules))) symlinkSync(join(ROOT, modules), join(copy, modules))
  }
  return copy
}
