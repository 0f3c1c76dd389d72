import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../test/support/servers/install.ts'

/** Debian's packages by a file of each: the metric, the Go service's resizer, and photographs. */
const PACKAGES = {
  butteraugli: '/usr/bin/butteraugli',
  'golang-go': '/usr/bin/go',
  'golang-github-nfnt-resize-dev': '/usr/share/gocode/src/github.com/nfnt/resize',
  'mate-backgrounds': '/usr/share/backgrounds/mate',
  'lomiri-wallpapers-16.04': '/usr/share/backgrounds/Wine_by_Jakkub_Mede.jpg',
  'lomiri-wallpapers-20.04': '/usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg',
  'sway-backgrounds': '/usr/share/backgrounds/sway'
}

const SCRIPT = join(import.meta.dirname, '../../test/support/servers/install.sh')

/** Installs what is missing. Throws where the process cannot, with the command for it. */
export function installDebianPackages(): void {
  const missing = Object.entries(PACKAGES)
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !findProgram('apt-get')) {
    throw new Error(`Run as root on Debian: apt-get install ${missing.join(' ')}`)
  }
  console.error(`Installing ${missing.join(' ')}: about half a minute, once`)
  execFileSync('sh', [SCRIPT, ...missing], { stdio: ['ignore', 'ignore', 'inherit'] })
}
