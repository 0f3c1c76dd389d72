import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// From the second start on nothing is compiled: it takes half the time. Where nothing can be written it does nothing.
enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/asyncprod'))

if (existsSync('.env')) process.loadEnvFile('.env')

try {
  const { serve } = await import('./start.ts')
  await serve(process.env)
} catch (error) {
  // An expected error says what to do; its stack would only hide that.
  const expected = error instanceof Error && ['ConfigError', 'StartError'].includes(error.name)
  console.error(expected ? error.message : error)
  process.exit(1)
}
