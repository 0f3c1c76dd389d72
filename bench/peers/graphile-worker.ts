import { makeWorkerUtils, run } from 'graphile-worker'
import { ATTEMPTS, CONCURRENCY, type Peer, type Picture, QUEUE, type Servers } from './peer.ts'

export async function open({ databaseUrl: connectionString }: Servers): Promise<Peer> {
  const jobs = await makeWorkerUtils({ connectionString, maxPoolSize: 20 })
  await jobs.migrate()
  const job = (picture: Picture) => ({ identifier: QUEUE, payload: picture, maxAttempts: ATTEMPTS })
  return {
    add(pictures) {
      const [only] = pictures
      if (only && pictures.length === 1) return jobs.addJob(QUEUE, only, { maxAttempts: ATTEMPTS })
      return jobs.addJobs(pictures.map(job))
    },
    work: (make) =>
      run({
        connectionString,
        concurrency: CONCURRENCY,
        maxPoolSize: 20,
        noHandleSignals: true,
        // Each job is one of ours: the payload is what `add` was given.
        taskList: { [QUEUE]: (payload) => make(payload as Picture) }
      })
  }
}
