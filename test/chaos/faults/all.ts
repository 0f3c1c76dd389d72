import type { Fault, Faults } from './fault.ts'
import { postgresFaults } from './postgres.ts'
import { processFaults } from './processes.ts'
import { rabbitmqFaults } from './rabbitmq.ts'
import { redisFaults } from './redis.ts'
import { s3Faults } from './s3.ts'

/** Every fault by its name. */
export const FAULTS: Faults = {
  ...processFaults,
  ...postgresFaults,
  ...redisFaults,
  ...rabbitmqFaults,
  ...s3Faults
}

export function namesOf(lane: Fault['lane']): string[] {
  return Object.keys(FAULTS).filter((name) => FAULTS[name]?.lane === lane)
}
