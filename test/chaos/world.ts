export interface QueueState {
  waiting: number
  unacknowledged: number
  dead: number
}

/** What can be seen of the service's possessions without asking the service. */
export interface World {
  query<T extends object>(sql: string): Promise<T[]>
  /** The keys in the object store. */
  objects(): Promise<Set<string>>
  /** Null where there is no broker. */
  queues: (() => Promise<QueueState>) | null
}
