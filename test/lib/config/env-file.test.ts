import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { asyncprod } from '../../support/cli.ts'
import { createFolder } from '../../support/servers/guard.ts'

const TEXT = 'PORT=http\r\nHOST=127.0.0.1\r\n'
const REFUSAL = 'PORT=http cannot be used: it must be integer\n'

const utf16be = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()

const READ = {
  'UTF-8': Buffer.from(TEXT),
  'UTF-8 with a byte order mark': Buffer.from(`\ufeff${TEXT}`),
  'UTF-16, little-endian': Buffer.from(`\ufeff${TEXT}`, 'utf16le'),
  'UTF-16, big-endian': utf16be(TEXT)
}

const REFUSED = {
  'UTF-16 without a byte order mark': Buffer.from(TEXT, 'utf16le'),
  'Latin-1': Buffer.from(`# Größe\n${TEXT}`, 'latin1')
}

/** The first setting is wrong, so a command names it if the file was read. */
async function complaint(bytes: Buffer, args: string[], variables = {}): Promise<string> {
  const folder = createFolder('env')
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, '.env'), bytes)
  return (await asyncprod(args, variables, folder)).stderr
}

for (const [encoding, bytes] of Object.entries(READ))
  t.test(`a .env in ${encoding} is read`, async (t) => t.equal(await complaint(bytes, ['check']), REFUSAL))

for (const [encoding, bytes] of Object.entries(REFUSED))
  t.test(`a .env in ${encoding} is refused by name`, async (t) =>
    t.equal(
      await complaint(bytes, ['check']),
      '.env cannot be used: save it as UTF-8; it is neither that nor UTF-16 with a byte order mark\n'
    )
  )

t.test('the service reads the same file, and variables that are set win', async (t) => {
  const bytes = READ['UTF-16, little-endian']
  t.equal(await complaint(bytes, []), REFUSAL)
  t.match(await complaint(bytes, [], { PORT: 'none' }), 'PORT=none cannot be used')
})
