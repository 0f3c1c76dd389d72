import { join } from 'node:path'
import { Settings } from '../lib/config/settings.ts'
import { generate, ROOT, withSections } from './generated.ts'

const readme = join(ROOT, 'README.md')

interface Schema {
  description?: string
  default?: unknown
  enum?: string[]
  writeOnly?: boolean
}

const settings = Object.entries<Schema>(Settings.properties).map(([name, schema]) => {
  const { description = '', default: value = '', enum: choices, writeOnly } = schema
  const choice = choices ? ` (${choices.join(', ')})` : ''
  const file = writeOnly ? `${name}_FILE` : null
  return { name, value: String(value), description: description + choice, file }
})

const files = new Map([
  [join(ROOT, '.env.example'), example()],
  [readme, await withSections(readme, { settings: table() })]
])
await generate(files, 'npm run settings')

function example(): string {
  const lines = settings.map(
    ({ name, value, description, file }) =>
      `# ${description}\n#${name}=${value}\n${file ? `#${file}=\n` : ''}`
  )
  const title = '# Every setting with its default. Copy this file to .env and uncomment what you change.'
  return [title, '', ...lines].join('\n')
}

function table(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
  const rows = settings.map(
    ({ name, value, description, file }) =>
      `| \`${name}\`${file ? ' ¹' : ''} | ${value && `\`${value}\``} | ${cell(description)} |\n`
  )
  return `| variable | default | meaning |\n|---|---|---|\n${rows.join('')}`
}
