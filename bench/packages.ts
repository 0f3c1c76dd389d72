import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import manifest from './package.json' with { type: 'json' }

/** Installs what only the benchmark needs into its own folder, on first use. */
export function installPackages(): void {
  const folder = join(import.meta.dirname, 'node_modules')
  if (Object.keys(manifest.dependencies).every((name) => existsSync(join(folder, name)))) return
  const { status } = spawnSync('npm', ['ci', '--prefix', import.meta.dirname], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
