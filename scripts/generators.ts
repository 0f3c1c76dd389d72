import { execFile } from 'node:child_process'
import { copyFile, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './generated.ts'

/** Three kinds of public generators, and what it takes to compile their output. */
const PACKAGES = {
  'openapi-typescript': '7.13.0',
  orval: '8.38.0',
  'swagger-typescript-api': '13.13.0',
  zod: '4.6.7',
  typescript: '5.9.3'
}

const GENERATORS = [
  { makes: 'types', output: 'types.ts', command: 'openapi-typescript openapi.json -o types.ts' },
  {
    makes: 'zod validators',
    output: 'validators.ts',
    command: 'orval --input openapi.json --output validators.ts --client zod'
  },
  {
    makes: 'a class over fetch',
    output: 'class.ts',
    command: 'swagger-typescript-api generate -p openapi.json -o . -n class.ts'
  }
]

const COMPILE = 'tsc --noEmit --strict --skipLibCheck --module nodenext --target es2022'

// Feeds openapi.json to generators that the client does not use, and compiles their output.
await using folder = await mkdtempDisposable(join(tmpdir(), 'asyncprod-generators-'))
await copyFile(join(ROOT, 'openapi.json'), join(folder.path, 'openapi.json'))
const manifest = { private: true, type: 'module', dependencies: PACKAGES }
await writeFile(join(folder.path, 'package.json'), JSON.stringify(manifest))
await run('npm install --no-audit --no-fund --ignore-scripts --no-package-lock')
for (const { makes, output, command } of GENERATORS) {
  await run(`node_modules/.bin/${command}`)
  await run(`node_modules/.bin/${COMPILE} ${output}`)
  const lines = (await readFile(join(folder.path, output), 'utf8')).split('\n').length
  console.log(`${command.split(' ')[0]}: ${makes}, ${lines} lines, compiled`)
}

async function run(command: string): Promise<void> {
  const [program = '', ...args] = command.split(' ')
  try {
    await promisify(execFile)(program, args, { cwd: folder.path })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
