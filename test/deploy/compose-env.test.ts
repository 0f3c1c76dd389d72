import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { loadConfig } from '../../lib/config/config.ts'
import { Settings } from '../../lib/config/settings.ts'
import { ROOT } from '../../scripts/generated.ts'
import { COMPOSE_FILES, read, settingsIn } from './files.ts'

const writeEnv = (cwd: string) => promisify(execFile)('sh', [join(ROOT, 'deploy/compose-env.sh')], { cwd })

async function written(t: Test): Promise<Record<string, string>> {
  const folder = t.testdir()
  await writeEnv(folder)
  t.equal((await stat(join(folder, '.env'))).mode & 0o777, 0o600)
  return settingsIn(await readFile(join(folder, '.env'), 'utf8'))
}

t.test('it writes settings that the service can use, with new passwords each time', async (t) => {
  const settings = await written(t)
  const unknown = Object.keys(settings).filter((name) => !(name in Settings.properties))
  t.strictSame(unknown, ['RABBITMQ_PASSWORD'], 'the others are settings')
  t.doesNotThrow(() => loadConfig({ ...settings, ROLE: 'api' }))
  t.equal(new URL(settings.RABBITMQ_URL ?? '').password, settings.RABBITMQ_PASSWORD)
  await t.test('another time', async (t) => {
    const others = await written(t)
    for (const name of ['DB_PASSWORD', 'REDIS_PASSWORD', 'RABBITMQ_PASSWORD', 'AWS_SECRET_KEY', 'API_KEYS']) {
      t.match(settings[name], /^[0-9a-f]{48}$/)
      t.not(settings[name], others[name], name)
    }
  })
})

t.test('it writes every variable that the compose files use', async (t) => {
  const settings = await written(t)
  const used = COMPOSE_FILES.flatMap((file) => [...read(file).matchAll(/(?<!\$)\$\{([A-Z_]+)/g)])
  t.ok(used.length >= 10)
  for (const [, name = ''] of used) t.ok(settings[name], name)
})

t.test('it leaves an .env that exists alone, and says what to do', async (t) => {
  const folder = t.testdir({ '.env': 'PORT=1\n' })
  await t.rejects(writeEnv(folder), {
    code: 2,
    stderr: /^\.env exists already, .* keep it, or move it away\.\n$/
  })
  t.equal(await readFile(join(folder, '.env'), 'utf8'), 'PORT=1\n')
})
