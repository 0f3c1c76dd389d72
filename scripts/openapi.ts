import { join } from 'node:path'
import { buildDocument } from '../app.ts'
import { loadConfig } from '../lib/config/config.ts'
import { generate, ROOT } from './generated.ts'

// The document of the defaults: what the environment says is of no interest here.
const document = `${JSON.stringify(await buildDocument(loadConfig({})), null, 2)}\n`
await generate(new Map([[join(ROOT, 'openapi.json'), document]]), 'npm run openapi')
