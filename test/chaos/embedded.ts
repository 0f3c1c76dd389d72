import { join } from 'node:path'
import pg from 'pg'
import { FileStore } from '../../lib/storage/files.ts'
import { OBJECT_PREFIX, ORIGINAL_PREFIX } from '../../lib/storage/object-store.ts'
import type { Disk } from '../support/disk.ts'
import { createFolder } from '../support/servers/guard.ts'
import type { Settings } from '../support/service.ts'
import type { Stores } from './servers.ts'

/** The data folder of one process on embedded parts, read through the database's socket and as files. */
/** On a disk of their own, if its power will be cut. */
export function embeddedStores(disk: Disk | null): Stores & { settings: Settings; stop(): Promise<void> } {
  const folder = disk?.data ?? createFolder('data')
  const objects = new FileStore(join(folder, 'objects'), () => '')
  return {
    settings: { DATA_DIR: folder },
    async query(sql) {
      const client = new pg.Client({ host: join(folder, 'run'), user: 'postgres', database: 'postgres' })
      client.on('error', () => undefined)
      await client.connect()
      try {
        return (await client.query(sql)).rows
      } finally {
        await client.end()
      }
    },
    async objects() {
      const keys = new Set<string>()
      for (const prefix of [OBJECT_PREFIX, ORIGINAL_PREFIX])
        for await (const { key } of objects.list(prefix)) keys.add(key)
      return keys
    },
    queues: null,
    stop: () => objects.close()
  }
}
