import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../scripts/generated.ts'
import { asyncprod } from './support/cli.ts'

t.test('--help names every command', async (t) => {
  const { code, stdout } = await asyncprod(['--help'])
  t.equal(code, 0)
  const commands = [...stdout.matchAll(/^asyncprod (\w+)/gm)].map(([, name]) => name)
  t.strictSame(
    [...new Set(commands)],
    [
      ...['demo', 'check', 'migrate', 'move', 'backup', 'restore', 'openapi', 'import', 'export'],
      ...['failed', 'actions', 'dead', 'objects', 'pause', 'resume', 'renditions', 'urls']
    ]
  )
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

t.test('--help after a command prints what that command takes, and runs nothing', async (t) => {
  t.match(await asyncprod(['pause', '--help']), { code: 0, stdout: /^asyncprod pause .*\n$/, stderr: '' })
  const { code, stdout } = await asyncprod(['failed', 'retry', '--help'])
  t.equal(code, 0)
  t.match(stdout, /^asyncprod failed list .*\nasyncprod failed retry (.|\n)*--key-file/)
  t.notMatch(stdout, 'asyncprod pause')
  t.match(await asyncprod(['serve', '--help']), { code: 0, stdout: /^asyncprod +serves(.|\n)*urls refresh/ })
  t.match(await asyncprod(['fly', '--help']), { code: 2, stdout: '', stderr: /^There is no command fly/ })
})

t.test('openapi prints the document without starting anything', async (t) => {
  const { code, stdout } = await asyncprod(['openapi'])
  t.equal(code, 0)
  t.equal(stdout, await readFile(join(ROOT, 'openapi.json'), 'utf8'))
})
