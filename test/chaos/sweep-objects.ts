import { setTimeout as wait } from 'node:timers/promises'
import { asyncprod } from '../support/cli.ts'
import type { Settings } from '../support/service.ts'

/** On a machine busy with a run, the store may not respond in the time that a command has for it. */
const LIMIT_MS = 180_000
const BETWEEN_TRIES_MS = 5000

/**
 * A broker without its disk does not know which messages it had delivered before, so what a killed worker
 * stored may be left to the sweep. That looks at a part of the bucket at a time; this command looks at all.
 */
export async function sweepObjects(settings: Settings, onEvent: (what: string) => void): Promise<void> {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const { code, stderr } = await asyncprod(['objects', 'sweep', '--remove'], settings)
    if (code === 0) return
    const reason = stderr.trim().split('\n').at(-1) ?? ''
    if (Date.now() > deadline) throw new Error(`The objects could not be swept: ${reason}`)
    onEvent(`the objects could not be swept; trying again: ${reason}`)
    await wait(BETWEEN_TRIES_MS)
  }
}
