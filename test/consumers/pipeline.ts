import type { Test } from 'tap'
import { failures } from './pipeline/failures.ts'
import { messages } from './pipeline/messages.ts'
import { removals } from './pipeline/removals.ts'
import { results } from './pipeline/results.ts'
import { openScene } from './pipeline/scene.ts'
import type { OpenSetup } from './services-under-test.ts'

/** The pipeline from the request to the finished image, whatever the parts are. */
export async function pipeline(t: Test, open: OpenSetup): Promise<void> {
  const scene = await openScene(t, open)
  results(t, scene)
  await failures(t, scene)
  removals(t, scene)
  messages(t, scene)
}
