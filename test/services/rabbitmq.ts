import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from 'amqplib'
import { notOurs } from './foreign.ts'
import { createFolder } from './guard.ts'
import { ensureInstalled, program } from './install.ts'
import { freePort } from './port.ts'
import { type ServerProcess, startProcess } from './process.ts'

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

export type RabbitmqNode = {
  name: string
  url: string
  /** A clean stop; its data stay. */
  stop(): Promise<void>
  /** SIGKILL; its data stay. */
  kill(): Promise<void>
  start(): Promise<void>
}

export type Rabbitmq = RabbitmqServer & {
  nodes: RabbitmqNode[]
  /** Ends every node, deletes all they stored, and starts them again as they were first started, on the same ports. */
  wipe(): Promise<void>
  /** Runs a command on the first node; `['-n', name, …]` runs it on another. Returns what it prints. */
  rabbitmqctl(args: string[]): Promise<string>
}

type Member = { name: string; port: number; distPort: number; folder: string }

/**
 * A RabbitMQ of one's own, of one node or a real cluster of several, or the one in TEST_RABBITMQ_URL.
 * Its Erlang port mapper is private too: nothing of the machine's is touched.
 */
export async function startRabbitmq({ nodes = 1 }: { nodes?: 1 | 3 } = {}): Promise<Rabbitmq> {
  const given = process.env.TEST_RABBITMQ_URL
  const control = notOurs('TEST_RABBITMQ_URL')
  if (given) return { ...useRabbitmq(given), nodes: [], wipe: control, rabbitmqctl: control }

  await ensureInstalled('rabbitmq')
  const home = createFolder('rabbitmq')
  const epmdPort = await freePort()
  const epmd = await startProcess(
    { command: program('epmd'), args: ['-port', `${epmdPort}`, '-address', '127.0.0.1'], cwd: home },
    epmdPort
  )
  const members = await Promise.all(
    Array.from({ length: nodes }, (_, index) => createMember(home, index + 1))
  )
  for (const member of members) {
    // the first of a cluster stands alone, and the others look for all
    const peers = member === members[0] ? [member] : members
    writeFileSync(join(home, `${member.name}.conf`), configuration(peers))
  }
  writeFileSync(join(home, 'enabled_plugins'), '[].\n')
  // nodes that start side by side would each make their own
  writeFileSync(join(home, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 })

  const running = new Map<Member, ServerProcess>()
  const start = async (member: Member) => {
    if (running.has(member)) return
    const env = environment(home, epmdPort, member)
    const command = program('rabbitmq-server')
    running.set(
      member,
      await startProcess({ command, args: [], cwd: member.folder, env }, /completed with \d+ plugins/)
    )
  }
  const end = async (member: Member, signal: NodeJS.Signals) => {
    await running.get(member)?.end(signal)
    running.delete(member)
  }
  const endEvery = () => Promise.all(members.map((member) => end(member, 'SIGKILL')))
  const startEvery = async () => {
    const [first, ...others] = members
    if (first) await start(first)
    await Promise.all(others.map(start))
  }
  const stop = async () => {
    await endEvery()
    await epmd.end()
    await rm(home, { recursive: true, force: true })
  }
  await startEvery()

  const urls = members.map(({ port }) => `amqp://guest:guest@127.0.0.1:${port}`)
  return {
    ...useRabbitmq(...urls),
    nodes: members.map((member, index) => ({
      name: member.name,
      url: urls[index] ?? '',
      stop: () => end(member, 'SIGTERM'),
      kill: () => end(member, 'SIGKILL'),
      start: () => start(member)
    })),
    async wipe() {
      await endEvery()
      await Promise.all(members.map(({ folder }) => rm(folder, { recursive: true })))
      await Promise.all(members.map(({ folder }) => mkdir(folder)))
      await startEvery()
    },
    async rabbitmqctl(args) {
      const [first] = members
      if (!first) throw new Error('A cluster has at least one node')
      const { stdout } = await run(program('rabbitmqctl'), args, { env: environment(home, epmdPort, first) })
      return stdout
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** A running RabbitMQ, whoever started it. Its stop() deletes the queues of the names it gave, dead letters included. */
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

async function createMember(home: string, number: number): Promise<Member> {
  const folder = join(home, `node${number}`)
  await mkdir(folder)
  return { name: `node${number}@localhost`, port: await freePort(), distPort: await freePort(), folder }
}

function configuration(peers: Member[]): string {
  const lines = peers.map(
    ({ name }, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`
  )
  return ['cluster_formation.peer_discovery_backend = classic_config', ...lines, ''].join('\n')
}

function environment(
  home: string,
  epmdPort: number,
  { name, port, distPort, folder }: Member
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: home, // holds the Erlang cookie
    ERL_EPMD_PORT: `${epmdPort}`,
    RABBITMQ_NODENAME: name,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distPort}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_SCHEMA_DIR: folder,
    RABBITMQ_GENERATED_CONFIG_DIR: folder,
    RABBITMQ_CONFIG_FILE: join(home, `${name}.conf`),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    // the start script then becomes the server, instead of a shell that passes signals on to it
    RUNNING_UNDER_SYSTEMD: 'true'
  }
}
