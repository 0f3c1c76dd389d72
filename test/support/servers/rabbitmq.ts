import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from 'amqplib'
import { notOurs } from './foreign.ts'
import { createFolder } from './guard.ts'
import { ensureInstalled, program } from './install.ts'
import { freePort } from './port.ts'
import { createNode, type RabbitmqNode } from './rabbitmq-node.ts'
import { startServer } from './start.ts'

const run = promisify(execFile)

export type RabbitmqServer = {
  /** The first node. */
  url: string
  /** Every node. */
  urls: string[]
  /** A name for a queue that no other test uses. */
  queueName(): string
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type Rabbitmq = RabbitmqServer & {
  nodes: RabbitmqNode[]
  /** Ends every node, deletes all they stored, and starts them as new ones on the same ports. */
  wipe(): Promise<void>
  /** Runs a command on the first node; `['-n', name, …]` runs it on another. Returns what it prints. */
  rabbitmqctl(args: string[]): Promise<string>
}

/**
 * A RabbitMQ of one's own, of one node or a real cluster of several, or the one in TEST_RABBITMQ_URL.
 * Its Erlang port mapper is private too: nothing of the machine's is touched.
 */
export async function startRabbitmq({ nodes: count = 1 }: { nodes?: 1 | 3 } = {}): Promise<Rabbitmq> {
  const given = process.env.TEST_RABBITMQ_URL
  const control = notOurs('TEST_RABBITMQ_URL')
  if (given) return { ...useRabbitmq(given), nodes: [], wipe: control, rabbitmqctl: control }

  await ensureInstalled('rabbitmq')
  const folder = createFolder('rabbitmq')
  // nodes that start side by side would each make their own
  writeFileSync(join(folder, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 })
  const epmdPort = await freePort()
  const epmd = await startServer(
    { command: program('epmd'), args: ['-port', `${epmdPort}`, '-address', '127.0.0.1'], cwd: folder },
    epmdPort
  )
  const home = { folder, epmdPort }
  const names = Array.from({ length: count }, (_, index) => `node${index + 1}@localhost`)
  const [firstName = '', ...otherNames] = names
  // the first stands alone, and the others look for all: started all at once, they need 10 s to agree on a
  // first
  const first = await createNode(home, firstName, [firstName])
  const others = await Promise.all(otherNames.map((name) => createNode(home, name, names)))
  const nodes = [first, ...others]

  const startEvery = async () => {
    await first.start()
    await Promise.all(others.map((node) => node.start()))
  }
  const killEvery = () => Promise.all(nodes.map((node) => node.kill()))
  const stop = async () => {
    await killEvery()
    await epmd.stop()
    await rm(folder, { recursive: true, force: true })
  }
  await startEvery()
  return {
    ...useRabbitmq(...nodes.map(({ url }) => url)),
    nodes,
    async wipe() {
      await killEvery()
      for (const node of nodes) node.wipe()
      await startEvery()
    },
    rabbitmqctl: async (args) => (await run(program('rabbitmqctl'), args, { env: first.env })).stdout,
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/**
 * A RabbitMQ that runs already. Its stop() deletes the queues of the names it gave, dead letters included.
 */
export function useRabbitmq(...urls: string[]): RabbitmqServer {
  const [url = ''] = urls
  const given: string[] = []
  const stop = async () => {
    if (given.length > 0) await deleteQueues(url, given.splice(0))
  }
  return {
    url,
    urls,
    queueName() {
      const name = `test-${randomUUID()}`
      given.push(name)
      return name
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}

async function deleteQueues(url: string, names: string[]): Promise<void> {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  for (const name of names) {
    await channel.deleteQueue(name)
    await channel.deleteQueue(`${name}.dead`)
  }
  await connection.close()
}
