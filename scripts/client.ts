import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { generate, ROOT } from './generated.ts'

const client = join(ROOT, 'client')
const target = join(client, 'src/generated')

// The generator is installed on first use, at the version in client/package-lock.json.
if (!existsSync(join(client, 'node_modules'))) npm(['ci', '--no-audit', '--no-fund'])

await using folder = await mkdtempDisposable(join(tmpdir(), 'asyncprod-client-'))
npm(['run', '--silent', 'generate', '--', '--silent'], { CLIENT_OUTPUT: folder.path })

const files = new Map<string, string | null>()
for (const path of await filesBelow(target)) files.set(path, null)
for (const path of await filesBelow(folder.path)) {
  files.set(join(target, relative(folder.path, path)), await readFile(path, 'utf8'))
}
await generate(files, 'npm run client')

function npm(args: string[], variables: NodeJS.ProcessEnv = {}): void {
  const env = { ...process.env, ...variables }
  execFileSync('npm', args, { cwd: client, env, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
