import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Nothing is compiled from the second start on, which halves its time. Does nothing in a read-only folder.
enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/asyncprod'))

try {
  const { loadEnvFile } = await import('./lib/config/env-file.ts')
  loadEnvFile(process.env)
  const { serve } = await import('./start.ts')
  await serve(process.env)
} catch (error) {
  // An expected error says what to do; its stack would only hide that.
  const expected = error instanceof Error && ['ConfigError', 'StartError'].includes(error.name)
  console.error(expected ? error.message : error)
  process.exit(1)
}
