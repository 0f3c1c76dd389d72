import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { isSea } from 'node:sea'

// From the second start on nothing is compiled: it takes half the time. Where nothing can be written it does nothing.
enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/asyncprod'))
const { boundHeap, missingNativeSettings } = await import('./lib/pipeline/runtime-flags.ts')

if (existsSync('.env')) process.loadEnvFile('.env')

const native = missingNativeSettings(process.env)
// Replaces this program with itself, before anything large is loaded: 25 ms, measured.
if (native) {
  // The single executable finds its own main.
  const args = isSea() ? process.argv.slice(2) : [...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(process.execPath, [process.execPath, ...args], native)
}

boundHeap(process.env)

try {
  const { serve } = await import('./start.ts')
  await serve(process.env)
} catch (error) {
  // An expected error says what to do; its stack would only hide that.
  const expected = error instanceof Error && ['ConfigError', 'StartError'].includes(error.name)
  console.error(expected ? error.message : error)
  process.exit(1)
}
