import type { FastifyInstance } from 'fastify'
import { buildParts } from '../app.ts'
import type { Config } from '../lib/config/config.ts'
import { DataDirInUse, refuseFreshDataDir } from '../lib/startup/data-dir.ts'
import { StartError } from '../lib/startup/wait-for-server.ts'
import { addressOf } from './service-client.ts'

/**
 * The parts of a service that has run before: a command that works on its data creates none. Rejects with a
 * StartError if a service runs on the embedded parts; it says whether the command can call that service.
 */
export async function existingParts(
  config: Config,
  whileRunning: 'call' | 'refuse' = 'refuse'
): Promise<FastifyInstance> {
  if (!config.database) refuseFreshDataDir(config.dataDir)
  try {
    return await buildParts(config)
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error
    const cure =
      whileRunning === 'call'
        ? `If it is the service, let it do this: --url ${addressOf(config)}`
        : 'If it is the service, stop it, run this command, and start it again'
    throw new StartError(`Another process works on ${config.dataDir}. ${cure}.`, { cause: error })
  }
}
