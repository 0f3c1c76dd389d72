import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { buildApp } from './app.ts'
import { type Config, loadConfig } from './lib/config/config.ts'
import { loggerOptions, reasonOf } from './lib/log/log.ts'
import { Deferred } from './lib/startup/lazy.ts'
import { StartError } from './lib/startup/wait-for-server.ts'
import { VERSION } from './lib/version.ts'

const pretty = { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' } }

/** Clients that Node's 511 leaves out of the queue come back after 1, 3, 7 and 15 s: the slowest of an overload, measured. */
const BACKLOG = 4096

/** Starts the service that the variables describe, and ends it when a signal says so. Rejects when it cannot start. */
export async function serve(variables: NodeJS.ProcessEnv): Promise<void> {
  const config = loadConfig(variables)
  // Schemas are compiled when they are needed, or when the service listens: 100 of 700 ms of a start, measured.
  const schemas = new Deferred()
  const app = await buildApp(config, {
    later: schemas.later,
    logger: { ...loggerOptions(config.logLevel), ...output() }
  })
  stopOnSignal(app, config.shutdownGraceMs)
  const url = await listen(app, config)
  app.log.info(introduction(config, url, app.healthChecks), 'AsyncProd is ready')
  await schemas.finish()
}

/** Lines are written together while others are: under load one by one they were a twentieth of the CPU of a create. At an exit none is lost. */
function output() {
  return process.stdout.isTTY ? { transport: pretty } : { stream: pino.destination({ sync: false }) }
}

/** The first signal, or an error nobody caught, stops the service inside the grace; a second one ends the process. */
function stopOnSignal(app: FastifyInstance, graceMs: number): void {
  const onTimeout = () => {
    app.log.warn(
      { grace_ms: graceMs },
      'The stop was cut short; another process, or the next start, does the rest'
    )
    process.exit()
  }
  closeWithGrace({ delay: graceMs, logger: app.log, onTimeout }, async ({ err, signal }) => {
    if (err) {
      process.exitCode = 1
      app.log.error({ err }, 'The service stops because of an error')
    } else app.log.info({ signal }, 'The service stops')
    await app.close()
  })
}

async function listen(app: FastifyInstance, { server: { host, port } }: Config): Promise<string> {
  try {
    return await app.listen({ host, port, backlog: BACKLOG })
  } catch (cause) {
    await app.close()
    throw new StartError(
      `The service cannot listen on ${host}:${port}: ${reasonOf(cause)}. Set HOST and PORT to an address of this machine that nobody listens on.`,
      { cause }
    )
  }
}

function introduction(config: Config, url: string, dependencies: Map<string, { kind: string }>) {
  const networks = config.sources.networks.map(([address, bits]) => `${address}/${bits}`)
  const parts = Object.fromEntries([...dependencies].map(([name, { kind }]) => [name, kind]))
  const embedded = Object.values(parts).includes('embedded')
  return {
    version: VERSION,
    role: config.role,
    documentation: `${url}/documentation`,
    parts,
    ...(embedded && { data: config.dataDir }),
    ...(networks.length > 0 && { allowed_source_networks: networks.join(',') })
  }
}
