import { existsSync } from 'node:fs'
import { isSea } from 'node:sea'
import { missingNativeSettings } from './lib/native-settings.ts'

if (existsSync('.env')) process.loadEnvFile('.env')

const native = missingNativeSettings(process.env)
// Replaces this program with itself, before anything large is loaded: 25 ms, measured.
if (native) {
  // The single executable finds its own main.
  const args = isSea() ? process.argv.slice(2) : [...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(process.execPath, [process.execPath, ...args], native)
}

try {
  const { serve } = await import('./serve.ts')
  await serve(process.env)
} catch (error) {
  // An expected error says what to do; its stack would only hide that.
  const expected = error instanceof Error && ['ConfigError', 'StartError'].includes(error.name)
  console.error(expected ? error.message : error)
  process.exit(1)
}
