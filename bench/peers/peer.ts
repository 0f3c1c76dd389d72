/** What somebody might build on instead: a job queue for Node.js, used as its documentation recommends. */
export interface Peer {
  /** Takes jobs, for `POST /pictures`. */
  add(pictures: Picture[]): Promise<unknown>
  /** Processes jobs with `make`, from now on. */
  work(make: (picture: Picture) => Promise<void>): Promise<unknown>
}

/** One job. */
export interface Picture {
  /** Of its row in the table `pictures`. */
  id: number
  source_url: string
}

export interface Servers {
  databaseUrl: string
  redisUrl: string
}

export const PEERS = ['bullmq', 'pg-boss', 'graphile-worker'] as const
export type PeerName = (typeof PEERS)[number]

/** What a process of a peer is started with. */
export interface PeerProgram extends Servers {
  peer: PeerName
  role: 'api' | 'worker'
  s3Endpoint: string
  /** Rows of the table `pictures`. */
  pictures: number
}

/** Jobs at once. With 4, two cores wait for downloads; with 16, each picture only takes longer. */
export const CONCURRENCY = 8

export const QUEUE = 'pictures'

/** As often as the service tries again by default. */
export const ATTEMPTS = 5
