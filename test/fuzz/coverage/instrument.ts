import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../../../scripts/generated.ts'
import { installOnce } from '../../../scripts/install.ts'

const INSTRUMENTER = 'istanbul-lib-instrument'

/** The counters of a file: how often each statement, and each branch of each decision, was executed. */
interface Counters {
  s: Record<string, number>
  b: Record<string, number[]>
}

/** Counts from now on what modules of lib/ execute. Call it before they are imported. */
export async function instrumentLib(): Promise<() => Uint8Array> {
  await installOnce(join(import.meta.dirname, '..'))
  const { createInstrumenter } = await import(INSTRUMENTER)
  const files: Record<string, Counters> = {}
  Object.assign(globalThis, { __coverage__: files })
  const instrumenter = createInstrumenter({ esModules: true, coverageVariable: '__coverage__' })
  const lib = pathToFileURL(join(ROOT, 'lib/')).href
  registerHooks({
    load(url, context, nextLoad) {
      const module = nextLoad(url, context)
      if (!url.startsWith(lib)) return module
      const source = instrumenter.instrumentSync(stripTypeScriptTypes(String(module.source)), url)
      return { format: 'module', source, shortCircuit: true }
    }
  })
  return () => takeCounters(files)
}

/** Returns the counters in a fixed order, each as the bucket of its count, and sets them to zero. */
function takeCounters(files: Record<string, Counters>): Uint8Array {
  const buckets: number[] = []
  for (const { s, b } of Object.values(files)) {
    for (const key in s) {
      buckets.push(bucketOf(s[key] ?? 0))
      s[key] = 0
    }
    for (const key in b) {
      const branches = b[key] ?? []
      for (const count of branches) buckets.push(bucketOf(count))
      branches.fill(0)
    }
  }
  return Uint8Array.from(buckets)
}

/** 0, 1, 2, 3, then by powers of two: a loop that runs longer is something new, each single round is not. */
function bucketOf(count: number): number {
  return count < 4 ? count : Math.min(34 - Math.clz32(count), 12)
}
