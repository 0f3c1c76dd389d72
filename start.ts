import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import type { Config } from './lib/config/config.ts'
import { loggerOptions, reasonOf } from './lib/log/log.ts'
import { stdout } from './lib/log/stdout.ts'
import { StartError } from './lib/startup/wait-for-server.ts'
import { VERSION } from './lib/version.ts'

/** The kernel drops a SYN beyond it (Node's default: 511). Its client waits 1, 3, 7 and 15 s to repeat it. */
const BACKLOG = 4096

/** Starts the service. It stops on a signal. Rejects if it cannot start. */
export async function serve(config: Config): Promise<void> {
  const app = await buildApp(config, { logger: { ...loggerOptions(config.logLevel), ...stdout() } })
  stopOnSignal(app, config.shutdownGraceMs)
  const url = await listen(app, config)
  app.log.info(introduction(config, url, app.healthChecks), 'AsyncProd is ready')
}

/** A signal, or an uncaught error, stops the service within its grace; a second one ends the process. */
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
    if (cause instanceof StartError) throw cause
    throw new StartError(
      `The service cannot listen on ${host}:${port}: ${reasonOf(cause)}. ` +
        'Set HOST and PORT to an address of this machine that nobody listens on.',
      { cause }
    )
  }
}

function introduction(config: Config, url: string, dependencies: Map<string, { kind: string }>) {
  const networks = config.sources.networks.map(([address, bits]) => `${address}/${bits}`)
  // Not "connected": a server that is not required may be unavailable at the start.
  const kinds = [...dependencies].map(([name, { kind }]) => [name, kind === 'embedded' ? kind : 'server'])
  const parts = Object.fromEntries(kinds)
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
