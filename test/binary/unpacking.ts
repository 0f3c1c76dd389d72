import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Machine } from '../support/executable.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = 65_534

/** Where the executable unpacks to at its first start on a machine, and what it refuses. */
export function unpacking(
  t: Test,
  { version, skip, machine }: { version: string; skip: string | false; machine: () => Promise<Machine> }
): void {
  t.test('of several first starts at once all come up, and one copy stays', { skip }, async (t) => {
    const fresh = await machine()
    const ended = await Promise.all(Array.from({ length: 4 }, () => fresh.run(['--version'])))
    t.strictSame(
      ended.map(({ stdout }) => stdout),
      Array(4).fill(`${version}\n`)
    )
    t.equal(readdirSync(fresh.cache).length, 1)
  })

  t.test(
    'what a killed first start left is removed, what a running one unpacks is not',
    { skip },
    async (t) => {
      const fresh = await machine()
      for (const name of ['unfinished-old', 'unfinished-new']) {
        mkdirSync(join(fresh.cache, name), { recursive: true, mode: 0o700 })
      }
      utimesSync(join(fresh.cache, 'unfinished-old'), 0, 0)
      t.match(await fresh.run(['--version']), { code: 0 })
      t.strictSame(
        readdirSync(fresh.cache).filter((name) => name.startsWith('unfinished-')),
        ['unfinished-new']
      )
    }
  )

  t.test('without a home it unpacks to a private folder of its own', { skip }, async (t) => {
    const fresh = await machine()
    const TMPDIR = join(fresh.folder, 'tmp')
    mkdirSync(TMPDIR)
    t.match(await fresh.run(['--version'], { HOME: '/dev/null', TMPDIR }), { code: 0 })
    const [name = ''] = readdirSync(TMPDIR)
    t.equal(name, `asyncprod-${process.getuid?.()}`)
    t.equal(statSync(join(TMPDIR, name)).mode & 0o777, 0o700)
  })

  t.test('a cache folder that other users can write to is refused', { skip }, async (t) => {
    const fresh = await machine()
    const ASYNCPROD_CACHE_DIR = cacheFolder(fresh, 0o770)
    t.match(await fresh.run(['--version'], { ASYNCPROD_CACHE_DIR }), {
      code: 1,
      stdout: '',
      stderr:
        /cannot be used \(other users can write to it\): set ASYNCPROD_CACHE_DIR to a folder of your own\n$/
    })
    t.strictSame(readdirSync(ASYNCPROD_CACHE_DIR), [])
  })

  t.test('a cache folder that other users can replace is refused', { skip }, async (t) => {
    const fresh = await machine()
    const shared = cacheFolder(fresh, 0o777)
    const ASYNCPROD_CACHE_DIR = join(shared, 'mine')
    t.match(await fresh.run(['--version'], { ASYNCPROD_CACHE_DIR }), {
      code: 1,
      stdout: '',
      stderr: /cannot be used \(other users can replace it in .+\): set ASYNCPROD_CACHE_DIR/
    })
    t.strictSame(readdirSync(ASYNCPROD_CACHE_DIR), [])
    chmodSync(shared, 0o1777)
    t.match(await fresh.run(['--version'], { ASYNCPROD_CACHE_DIR }), { code: 0 })
  })

  t.test(
    'a cache folder of somebody else is refused',
    { skip: skip || (!isRoot && 'needs root') },
    async (t) => {
      const fresh = await machine()
      const ASYNCPROD_CACHE_DIR = cacheFolder(fresh, 0o700)
      chownSync(ASYNCPROD_CACHE_DIR, NOBODY, NOBODY)
      t.match(await fresh.run(['--version'], { ASYNCPROD_CACHE_DIR }), {
        code: 1,
        stderr: /cannot be used \(it belongs to another user\): set ASYNCPROD_CACHE_DIR/
      })
    }
  )

  t.test('a cache folder that cannot be written to is named', { skip }, async (t) => {
    const fresh = await machine()
    const ASYNCPROD_CACHE_DIR = cacheFolder(fresh, 0o500)
    // Root can write to every folder.
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    if (isRoot) chownSync(ASYNCPROD_CACHE_DIR, NOBODY, NOBODY)
    t.match(await fresh.run(['--version'], { ASYNCPROD_CACHE_DIR }, user), {
      code: 1,
      stderr: /cannot be used \(EACCES: .*\): set ASYNCPROD_CACHE_DIR to a folder of your own\n$/
    })
  })

  t.test(
    'a cache folder that is mounted noexec is named',
    { skip: skip || (!isRoot && 'needs root') },
    async (t) => {
      const fresh = await machine()
      const ASYNCPROD_CACHE_DIR = cacheFolder(fresh, 0o700)
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec,mode=700', 'none', ASYNCPROD_CACHE_DIR], {
          stdio: 'pipe'
        })
      } catch {
        t.pass('mounts are not allowed here', { skip: 'mounts are not allowed here' })
        return
      }
      t.teardown(() => execFileSync('umount', [ASYNCPROD_CACHE_DIR]))
      t.match(await fresh.run(['--version'], { ASYNCPROD_CACHE_DIR }), {
        code: 1,
        stderr:
          /^Native modules cannot be loaded from .*: set ASYNCPROD_CACHE_DIR to a folder that is not mounted noexec\n$/
      })
      t.strictSame(readdirSync(ASYNCPROD_CACHE_DIR), [])
    }
  )

  t.test('a damaged executable says so and unpacks nothing', { skip }, async (t) => {
    const fresh = await machine()
    const bytes = readFileSync(fresh.executable)
    const archive = bytes.lastIndexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) + 1000
    bytes[archive] = (bytes[archive] ?? 0) ^ 1
    writeFileSync(fresh.executable, bytes)
    t.strictSame(await fresh.run(['--version']), {
      code: 1,
      stdout: '',
      stderr: 'The executable is damaged: download it again\n'
    })
    t.strictSame(existsSync(fresh.cache) && readdirSync(fresh.cache), [])
  })
}

function cacheFolder({ folder }: Machine, mode: number): string {
  const path = join(folder, 'cache')
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}
