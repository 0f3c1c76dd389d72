import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { create } from './create.ts'
import { receive } from './receive.ts'

const routes: FastifyPluginAsync<{ config: Config }> = async (app, { config }) => {
  create(app, config)
  // In a scope of its own: its bodies are no JSON.
  if (!config.bucket) await app.register(async (scope) => receive(scope, config))
}

export default routes
