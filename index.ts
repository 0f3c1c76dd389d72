/** What the package gives to other programs. */
export { buildApp } from './app.ts'
export { type Config, loadConfig } from './lib/config/config.ts'
export { ConfigError } from './lib/config/error.ts'

// They say what an app has besides what Fastify gives it: app.products, app.objects …
import '@fastify/swagger'
import './plugins/http/openapi.ts'
import './plugins/parts/products.ts'
import './plugins/parts/storage.ts'
