import { join } from 'node:path'
import { buildDocument } from '../app.ts'
import { loadConfig } from '../lib/config/config.ts'
import { generate, ROOT } from './generated.ts'

// The document describes the defaults, whatever the environment says.
const document = `${JSON.stringify(await buildDocument(loadConfig({})), null, 2)}\n`
await generate(new Map([[join(ROOT, 'openapi.json'), document]]), 'npm run openapi')
