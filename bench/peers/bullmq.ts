import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { ATTEMPTS, CONCURRENCY, type Peer, type Picture, QUEUE, type Servers } from './peer.ts'

const RETRY = { attempts: ATTEMPTS, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true }

export function open({ redisUrl }: Servers): Peer {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
  let queue: Queue<Picture> | undefined
  return {
    async add(pictures) {
      queue ??= new Queue(QUEUE, { connection })
      const [only] = pictures
      if (only && pictures.length === 1) return queue.add(QUEUE, only, RETRY)
      return queue.addBulk(pictures.map((data) => ({ name: QUEUE, data, opts: RETRY })))
    },
    async work(make) {
      const options = { connection, concurrency: CONCURRENCY }
      const worker = new Worker<Picture>(QUEUE, ({ data }) => make(data), options)
      worker.on('error', (error) => console.error(error))
      await worker.waitUntilReady()
    }
  }
}
