import { PgBoss } from 'pg-boss'
import { ATTEMPTS, CONCURRENCY, type Peer, type Picture, QUEUE, type Servers } from './peer.ts'

/** Without batches, a worker of pg-boss takes one job in each polling interval. */
const BATCHES = { batchSize: CONCURRENCY / 2, localConcurrency: 2, burstWhenBatchFull: true } as const
const POLLING = { pollingIntervalSeconds: 0.5 }
/** As short as it may be. By default, a job whose worker is gone waits for 15 minutes. */
const RECOVERY = { heartbeatSeconds: 10 }
const SUPERVISION = { superviseIntervalSeconds: 10, monitorIntervalSeconds: 10 }

export async function open({ databaseUrl: connectionString }: Servers): Promise<Peer> {
  const boss = new PgBoss({ connectionString, useListenNotify: true, max: 20, ...SUPERVISION })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(QUEUE, { notify: true, ...RECOVERY, retryLimit: ATTEMPTS - 1, retryBackoff: true })
  return {
    add(pictures) {
      const [only] = pictures
      if (only && pictures.length === 1) return boss.send(QUEUE, only)
      return boss.insert(
        QUEUE,
        pictures.map((data) => ({ data }))
      )
    },
    work: (make) =>
      boss.work<Picture>(QUEUE, { ...BATCHES, ...POLLING }, async (jobs) => {
        await Promise.all(jobs.map(({ data }) => make(data)))
      })
  }
}
