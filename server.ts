import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

// Nothing is compiled from the second start on, which halves its time. Does nothing in a read-only folder.
// `npm start` sets it earlier: then Node need not load what strips this file's types, a tenth of the rest.
enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/asyncprod'))

// Files are written by threads of libuv, whose default is four. With 16, eight concurrent writers wrote 1.4
// times as many files, and beside them one more file took 15 ms instead of 26.
process.env.UV_THREADPOOL_SIZE ??= '16'

try {
  const { loadEnvFile } = await import('./lib/config/env-file.ts')
  loadEnvFile(process.env)
  // V8 lets the space for new objects grow to 64 MB, and images leave little that lives on. Without that a
  // worker, its decoders aside, takes 130 instead of 195 MB at the same CPU. Loading the settings would
  // already let it grow.
  if (process.env.ROLE === 'worker') setFlagsFromString('--semi-space-growth-factor=1')
  const { loadConfig } = await import('./lib/config/config.ts')
  const config = loadConfig(process.env)
  const { serve } = await import('./start.ts')
  await serve(config)
  // Now, so that a process that is killed leaves it, too; and before the flag, as V8 takes no code that was
  // compiled under other flags. The first time it takes 0.4 s, later 2 ms.
  flushCompileCache()
  // V8 lets the heap grow to a multiple of what lives on, and keeps the pages. With 60% more, ROLE=api takes
  // 120 instead of 159 MB after load, at the same CPU. With 25% more, reads from the database took a quarter
  // more CPU; a worker has none.
  setFlagsFromString(`--heap-growing-percent=${config.role === 'worker' ? 25 : 60}`)
} catch (error) {
  // An expected error says what to do; its stack would only hide that.
  const expected = error instanceof Error && ['ConfigError', 'StartError'].includes(error.name)
  console.error(expected ? error.message : error)
  process.exit(1)
}
