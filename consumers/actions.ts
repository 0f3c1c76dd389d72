import fp from 'fastify-plugin'
import { Actions } from '../lib/actions/actions.ts'
import { runAction } from '../lib/actions/run.ts'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'

const LEASE_MS = 60_000

/** Carries on what operators do to many images, one action at a time in each process. */
export default fp(
  async (app) => {
    const { pg, outbox, products, log } = app
    const options = {
      pool: pg.pool,
      actions: new Actions(pg.pool, outbox),
      changes: products.background
    }
    const dispatch = async ({ payload: { action_id } }: OutboxRow, stop: AbortSignal) => {
      if (action_id !== undefined) await runAction(action_id, options, stop)
    }
    const relay = new Relay({ outbox, kind: 'action', capacity: 1, leaseMs: LEASE_MS, dispatch, log })
    app.addHook('onReady', async () => relay.start())
    app.shutdown.add((graceMs) => relay.stop(graceMs))
  },
  { name: 'actions', dependencies: ['products'] }
)
