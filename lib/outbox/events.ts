import { EventEmitter } from 'node:events'
import type { OutboxKind } from './row.ts'

/**
 * What happens to the outbox, within this process. Emits `due` when rows of some kinds may have come due,
 * wherever they were enqueued, and `enqueued` when this process has committed rows, so that other processes
 * can be notified. `paused` and `resumed` follow the outbox.
 */
export class OutboxEvents extends EventEmitter<{
  due: [kinds: OutboxKind[]]
  enqueued: []
  paused: []
  resumed: []
}> {
  constructor() {
    super()
    this.setMaxListeners(0)
  }
}
