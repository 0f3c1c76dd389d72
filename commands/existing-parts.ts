import type { FastifyInstance } from 'fastify'
import { buildParts } from '../app.ts'
import type { Config } from '../lib/config/config.ts'
import { refuseFreshDataDir } from '../lib/startup/data-dir.ts'

/** The parts of a service that has run before: a command that works on its data creates none. */
export async function existingParts(config: Config): Promise<FastifyInstance> {
  if (!config.database) refuseFreshDataDir(config.dataDir)
  return buildParts(config)
}
