import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Settings } from '../lib/config/settings.ts'
import { generate, ROOT } from './generated.ts'

const readme = join(ROOT, 'README.md')
const MARKED = /(<!-- settings -->\n).*(<!-- \/settings -->)/s

interface Schema {
  description?: string
  default?: unknown
  enum?: string[]
}

const settings = Object.entries<Schema>(Settings.properties).map(([name, schema]) => {
  const { description = '', default: value = '', enum: choices } = schema
  const choice = choices ? ` (${choices.join(', ')})` : ''
  return { name, value: String(value), description: description + choice }
})

const text = await readFile(readme, 'utf8')
if (!MARKED.test(text)) throw new Error('README.md lacks the lines <!-- settings --> and <!-- /settings -->')

const files = new Map([
  [join(ROOT, '.env.example'), example()],
  [readme, text.replace(MARKED, (_, begin, end) => `${begin}${table()}${end}`)]
])
await generate(files, 'npm run settings')

function example(): string {
  const lines = settings.map(({ name, value, description }) => `# ${description}\n#${name}=${value}\n`)
  return `# Every setting with its default. Copy this file to .env and uncomment what you change.\n\n${lines.join('\n')}`
}

function table(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
  const rows = settings.map(
    ({ name, value, description }) => `| \`${name}\` | ${value && `\`${value}\``} | ${cell(description)} |\n`
  )
  return `| variable | default | meaning |\n|---|---|---|\n${rows.join('')}`
}
