import { existsSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { ConfigError, loadConfig } from './lib/config.ts'
import { VERSION } from './lib/version.ts'

if (existsSync('.env')) process.loadEnvFile('.env')

const pretty = { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' } }

try {
  await serve()
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
}

async function serve(): Promise<void> {
  const config = loadConfig(process.env)
  const app = await buildApp(config, {
    logger: { level: config.LOG_LEVEL, ...(process.stdout.isTTY && { transport: pretty }) }
  })
  // The first signal ends what was begun, within the grace; a second one ends the process at once.
  closeWithGrace({ delay: config.SHUTDOWN_GRACE_MS, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.error({ err }, 'The service stops because of an error')
    else app.log.info({ signal }, 'The service stops')
    await app.close()
  })
  const url = await app.listen({ host: config.HOST, port: config.PORT })
  app.log.info(
    {
      version: VERSION,
      role: config.ROLE,
      documentation: `${url}/documentation`,
      parts: Object.fromEntries([...app.dependencies].map(([name, { kind }]) => [name, kind])),
      data: config.DATA_DIR
    },
    'AsyncProd is ready'
  )
}
