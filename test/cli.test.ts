import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** What `asyncprod …` prints and how it ends; away from this project, so that no .env is found. */
async function asyncprod(args: string[], variables: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, ...variables }
  const ended = await run(process.execPath, [join(ROOT, 'cli.ts'), ...args], {
    env,
    cwd: import.meta.dirname
  }).catch((error) => error)
  return { code: ended.code ?? 0, stdout: String(ended.stdout), stderr: String(ended.stderr) }
}

t.test('--help names every command', async (t) => {
  const { code, stdout } = await asyncprod(['--help'])
  t.equal(code, 0)
  const commands = [...stdout.matchAll(/^asyncprod (\w+)/gm)].map(([, name]) => name)
  t.strictSame([...new Set(commands)], ['demo', 'check', 'migrate', 'openapi', 'failed', 'dead', 'objects'])
})

t.test('an unknown command or option ends with 2 and says what there is', async (t) => {
  t.match(await asyncprod(['fly']), {
    code: 2,
    stdout: '',
    stderr: /^There is no command fly\.\n\nasyncprod +serves/
  })
  t.match(await asyncprod(['check', '--fly']), { code: 2, stdout: '', stderr: /^Unknown option '--fly'/ })
  t.match(await asyncprod(['failed', 'list', '--code', 'fly']), {
    code: 2,
    stderr: /^There is no code fly; there are .*timeout/
  })
})

t.test('openapi prints the document without starting anything', async (t) => {
  const { code, stdout } = await asyncprod(['openapi'])
  t.equal(code, 0)
  t.equal(stdout, await readFile(join(ROOT, 'openapi.json'), 'utf8'))
})

t.test('check ends with 0 when nothing is missing, and changes nothing', async (t) => {
  const { code, stdout } = await asyncprod(['check'])
  t.equal(code, 0)
  t.strictSame(stdout.split('\n'), [
    'PostgreSQL   is embedded',
    'Redis        is embedded',
    'RabbitMQ     is embedded',
    'Object store is embedded',
    'ROLE=all can start',
    ''
  ])
})

t.test(
  'check ends with 1 and names each server that does not respond, and the setting to look at',
  async (t) => {
    const nobody = '127.0.0.1:1'
    const { code, stdout, stderr } = await asyncprod(['check'], {
      DATABASE_URL: `postgres://${nobody}/shop`,
      REDIS_URL: `redis://${nobody}`,
      RABBITMQ_URL: `amqp://${nobody},amqp://${nobody}`,
      AWS_BUCKET_NAME: 'images',
      AWS_ACCESS_KEY: 'key',
      AWS_SECRET_KEY: 'secret',
      AWS_ENDPOINT_URL_S3: `http://${nobody}`
    })
    t.equal(code, 1)
    const settings = ['DATABASE_URL', 'REDIS_URL', 'RABBITMQ_URL', 'AWS_BUCKET_NAME']
    const lines = stdout.trim().split('\n')
    t.strictSame(
      lines.map(
        (line, i) =>
          line.includes(`cannot be used: connect ECONNREFUSED`) && line.includes(settings[i] ?? '?')
      ),
      [true, true, true, true]
    )
    t.equal(stderr, 'These settings are not ready: PostgreSQL, Redis, RabbitMQ, Object store\n')
  }
)

t.test('check ends with 1 and names a setting that cannot be used', async (t) => {
  t.match(await asyncprod(['check'], { PORT: 'http' }), {
    code: 1,
    stdout: '',
    stderr: /^PORT=http cannot be used/
  })
})
