import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { actions } from './actions.ts'
import { audit } from './audit.ts'
import { deadLetters } from './dead-letters.ts'
import { deliveries } from './deliveries.ts'
import { adminGuard } from './guard.ts'
import { images } from './images.ts'
import { intake } from './intake.ts'
import { origins } from './origins.ts'
import { orphans } from './orphans.ts'
import { history, overview } from './overview.ts'
import { processes } from './processes.ts'
import { session } from './session.ts'
import { settings } from './settings.ts'

const OPERATIONS = [
  ...[session, overview, history, images, actions],
  ...[intake, processes, origins, deadLetters, deliveries, orphans, audit, settings]
]

/** For operators: callers for all users, or anyone on this machine if no credentials are configured. */
const routes: FastifyPluginAsync<{ config: Config }> = async (app, { config }) => {
  const guard = adminGuard(config)
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'admin' }
  })
  app.addHook('preParsing', async (request) => guard(request))
  for (const operation of OPERATIONS) operation(app, config)
}

export default routes
