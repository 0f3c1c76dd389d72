import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './install.ts'
import { freePort } from './port.ts'
import type { SupervisedProcess } from './process.ts'
import { startServer } from './start.ts'

export type RabbitmqNode = {
  name: string
  url: string
  /**
   * Resolves when it is ready. Start all nodes of a cluster that was down side by side: each waits for the
   * others.
   */
  start(): Promise<void>
  /** A clean stop; its data stay. */
  stop(): Promise<void>
  /** SIGKILL; its data stay. */
  kill(): Promise<void>
}

/** What the nodes of a cluster have in common: a folder with the Erlang cookie, and a port mapper. */
export type Home = { folder: string; epmdPort: number }

type OwnNode = RabbitmqNode & {
  /** With it, Erlang's commands reach this node and no other of the machine's. */
  env: NodeJS.ProcessEnv
  /** Deletes all that a dead node stored. */
  wipe(): void
}

/** A node that is not started yet. When it first starts, it joins those peers, itself among them. */
export async function createNode(home: Home, name: string, peers: string[]): Promise<OwnNode> {
  const port = await freePort()
  const folder = join(home.folder, name)
  mkdirSync(folder)
  writeFileSync(`${folder}.conf`, configuration(peers))
  const env = environment(home, name, folder, port, await freePort())
  let server: SupervisedProcess | undefined
  const end = async (signal: NodeJS.Signals) => {
    await server?.stop(signal)
    server = undefined
  }
  return {
    name,
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    env,
    async start() {
      const started = { command: program('rabbitmq-server'), args: [], cwd: folder, env }
      server ??= await startServer(started, /completed with \d+ plugins/)
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    wipe() {
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
    }
  }
}

function configuration(peers: string[]): string {
  const lines = peers.map((name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`)
  return ['cluster_formation.peer_discovery_backend = classic_config', ...lines, ''].join('\n')
}

function environment(
  home: Home,
  name: string,
  folder: string,
  port: number,
  distPort: number
): NodeJS.ProcessEnv {
  const loopback = '-kernel inet_dist_use_interface {127,0,0,1}'
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: home.folder,
    ERL_EPMD_PORT: `${home.epmdPort}`,
    RABBITMQ_NODENAME: name,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distPort}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: loopback,
    RABBITMQ_CTL_ERL_ARGS: loopback,
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_SCHEMA_DIR: folder,
    RABBITMQ_GENERATED_CONFIG_DIR: folder,
    RABBITMQ_CONFIG_FILE: `${folder}.conf`,
    RABBITMQ_ENABLED_PLUGINS_FILE: '/dev/null',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    // the start script then becomes the server, instead of a shell that passes signals on to it
    RUNNING_UNDER_SYSTEMD: 'true'
  }
}
