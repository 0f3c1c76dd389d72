import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { FolderSync } from '../../../lib/storage/folder-sync.ts'

/** Syncs that end on command. */
function heldSyncs() {
  const begun: (PromiseWithResolvers<void> & { folder: string })[] = []
  const folders = new FolderSync((folder) => {
    const held = Promise.withResolvers<void>()
    begun.push({ folder, ...held })
    return held.promise
  })
  return { folders, begun }
}

t.test(
  'calls during a sync share one that begins after it, and folders do not wait for each other',
  async (t) => {
    const { folders, begun } = heldSyncs()
    const first = folders.sync('a')
    const other = folders.sync('b')
    await turn()
    const shared = [folders.sync('a'), folders.sync('a'), folders.sync('a')]
    t.same(
      begun.map(({ folder }) => folder),
      ['a', 'b']
    )
    for (const { resolve } of begun) resolve()
    await Promise.all([first, other])
    await turn()
    t.same(
      begun.map(({ folder }) => folder),
      ['a', 'b', 'a']
    )
    begun[2]?.resolve()
    await Promise.all(shared)
  }
)

t.test('a failed sync fails its own callers only', async (t) => {
  const { folders, begun } = heldSyncs()
  const failed = folders.sync('a')
  await turn()
  const next = folders.sync('a')
  begun[0]?.reject(new Error('EIO'))
  await t.rejects(failed, { message: 'EIO' })
  await turn()
  begun[1]?.resolve()
  await next
})
