import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { constants, zstdCompressSync } from 'node:zlib'

const ROOT = join(import.meta.dirname, '..')

/** What runs; tests, benchmarks and papers stay behind. */
const SOURCES = [
  '*.ts',
  'package.json',
  'lib',
  'plugins',
  'routes',
  'consumers',
  'commands',
  'sql',
  'scripts',
  'client/src'
]

/** Of the dependencies: what no program reads. PGlite's archives are its extensions; pg_trgm is the one in use. */
const UNUSED = [
  '**/*.{map,md,markdown,d.ts,d.mts,d.cts,flow,tsbuildinfo}',
  '**/{test,tests,__tests__,docs,example,examples,benchmark,benchmarks,.github}/**',
  '@electric-sql/pglite/dist/{*,*/*}.tar.gz',
  '**/dist-types/**'
]
const USED = /pg_trgm\.tar\.gz$/

const COMPRESSION_LEVEL = 12
const POSTJECT = join(ROOT, 'node_modules/.bin/postject')
/** Written in two parts: Node looks for the whole of it in its own executable. */
const FUSE = ['NODE_SEA_FUSE', 'fce680ab2cc467b6e072b8b5df1996b2'].join('_')

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'dist/asyncprod') } } })
const work = mkdtempSync(join(tmpdir(), 'asyncprod-binary-'))
try {
  build(values.out)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function build(out: string): void {
  const archive = pack(collect())
  const id = createHash('sha256').update(archive).digest('hex')
  writeFileSync(join(work, 'archive'), archive)
  writeFileSync(join(work, 'id'), id)
  const blob = prepareBlob()
  mkdirSync(dirname(out), { recursive: true })
  copyFileSync(process.execPath, out)
  // Before the injection: a file that is stripped after it does not start any more.
  execFileSync('strip', [out])
  // Its warnings about the sections that strip has taken are harmless.
  execFileSync(POSTJECT, [out, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], { stdio: 'ignore' })
  const sha256 = createHash('sha256').update(readFileSync(out)).digest('hex')
  console.log(
    `${out}\n${megabytes(statSync(out).size)}, of which ${megabytes(archive.length)} are the service\nsha256 ${sha256}`
  )
}

/** The sources and their production dependencies, in a folder of their own. */
function collect(): string {
  const tree = join(work, 'tree')
  const files = execFileSync('git', ['ls-files', '--', ...SOURCES], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n')
  for (const file of [...files, 'package-lock.json', '.npmrc']) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    copyFileSync(join(ROOT, file), join(tree, file))
  }
  execFileSync(
    'npm',
    ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: tree, stdio: 'inherit' }
  )
  const modules = join(tree, 'node_modules')
  for (const file of globSync(UNUSED, { cwd: modules })) {
    if (!USED.test(file)) rmSync(join(modules, file), { recursive: true, force: true })
  }
  for (const file of ['node_modules/.package-lock.json', 'package-lock.json', '.npmrc'])
    rmSync(join(tree, file))
  return tree
}

/** The same bytes for the same files, whoever builds them where. */
function pack(tree: string): Buffer {
  const tar = join(work, 'tar')
  const sameEverywhere = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go='
  ]
  execFileSync('tar', [
    ...sameEverywhere,
    '--format=ustar',
    '--hard-dereference',
    '-cf',
    tar,
    '-C',
    tree,
    '.'
  ])
  return zstdCompressSync(readFileSync(tar), {
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL }
  })
}

function prepareBlob(): string {
  const config = {
    main: join(import.meta.dirname, 'launcher.cjs'),
    output: join(work, 'blob'),
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets: { id: join(work, 'id'), archive: join(work, 'archive') }
  }
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config))
  execFileSync(process.execPath, ['--experimental-sea-config', join(work, 'sea.json')], { stdio: 'ignore' })
  return config.output
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
