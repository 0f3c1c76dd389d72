import { execFileSync } from 'node:child_process'
import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { generate, ROOT } from './generated.ts'
import { installOnce } from './install.ts'

const client = join(ROOT, 'client')
const target = join(client, 'src/generated')

await installOnce(client)
await using folder = await mkdtempDisposable(join(tmpdir(), 'asyncprod-client-'))
execFileSync('npm', ['run', '--silent', 'generate', '--', '--silent'], {
  cwd: client,
  env: { ...process.env, CLIENT_OUTPUT: folder.path },
  stdio: ['ignore', 'ignore', 'inherit']
})

const files = new Map<string, string | null>()
for (const path of await filesBelow(target)) files.set(path, null)
for (const path of await filesBelow(folder.path)) {
  files.set(join(target, relative(folder.path, path)), await readFile(path, 'utf8'))
}
await generate(files, 'npm run client')

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
