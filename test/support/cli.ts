import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createFolder } from './servers/guard.ts'

const CLI = join(import.meta.dirname, '../../cli.ts')
const run = promisify(execFile)

export interface Ended {
  /** Null when it was killed because it did not end in time. */
  code: number | null
  stdout: string
  stderr: string
}

/** What `asyncprod …` prints and how it ends, with these settings and no others. */
export async function asyncprod(
  args: string[],
  variables: Record<string, string> = {},
  cwd = createFolder('cwd'),
  cli = CLI
): Promise<Ended> {
  const env = { PATH: process.env.PATH, ...variables }
  const options = { env, cwd, timeout: 60_000, killSignal: 'SIGKILL' } as const
  const ended = await run(process.execPath, [cli, ...args], options).catch((error) => error)
  return {
    code: ended.code === undefined ? 0 : ended.code,
    stdout: String(ended.stdout),
    stderr: String(ended.stderr)
  }
}
