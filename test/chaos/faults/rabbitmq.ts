import { setTimeout as wait } from 'node:timers/promises'
import type { Servers } from '../servers.ts'
import { type Fault, type Faults, nothing } from './fault.ts'

/** While the workers are frozen, messages gather for this long. */
const GATHER_MS = 3000

export const rabbitmqFaults: Faults = {
  'rabbitmq-kill-leader': {
    lane: 'servers',
    lastsMs: 4000,
    async start({ servers }) {
      const leader = await leaderOf(servers)
      await leader.kill()
      return () => leader.start()
    }
  },
  'rabbitmq-wipe': {
    lane: 'servers',
    lastsMs: 0,
    async start({ servers }) {
      await servers.rabbitmq.wipe()
      return nothing
    }
  },
  'rabbitmq-no-memory': alarm('set_vm_memory_high_watermark', '0.000001', '0.4'),
  'rabbitmq-full-disk': alarm('set_disk_free_limit', '1000000GB', '50MB')
}

/** An alarm with a backlog: publishers are blocked, and consumers have to go on. */
function alarm(limit: string, exceeded: string, normal: string): Fault {
  return {
    lane: 'servers',
    lastsMs: 10_000,
    async start({ servers, fleet, findings }) {
      const workers = fleet.members.filter(({ role }) => role === 'worker')
      for (const { service } of workers) service.freeze()
      await wait(GATHER_MS)
      await setLimit(servers, limit, exceeded)
      const before = await depth(servers)
      for (const { service } of workers) service.thaw()
      return async () => {
        const after = await depth(servers)
        await setLimit(servers, limit, normal)
        findings.push({
          promise: 'the queue shrinks during an alarm of RabbitMQ',
          figure: `from ${before} to ${after} messages`,
          wrong: before > 0 && after >= before ? [`${after} messages are left of ${before}`] : []
        })
      }
    }
  }
}

async function depth({ queues }: Servers): Promise<number> {
  const states = await queues?.()
  return (states?.ready ?? 0) + (states?.unacknowledged ?? 0)
}

async function setLimit({ rabbitmq }: Servers, limit: string, value: string): Promise<void> {
  for (const { name } of rabbitmq.nodes) await rabbitmq.rabbitmqctl(['-n', name, limit, value])
}

async function leaderOf({ rabbitmq, queue }: Servers) {
  const printed = await rabbitmq.rabbitmqctl([
    'list_queues',
    '--quiet',
    '--no-table-headers',
    'name',
    'leader'
  ])
  const lines = printed
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  const name = lines.find(([found]) => found === queue)?.[1]
  const leader = rabbitmq.nodes.find((node) => node.name === name)
  if (!leader) throw new Error(`The queue ${queue} has no leader among the nodes: ${name}`)
  return leader
}
