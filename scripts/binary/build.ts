import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { constants, zstdCompressSync } from 'node:zlib'
import { installOnce } from '../install.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The files that run, and those that they read. */
const FILES = ['package.json', '{console,dist,sql}/**/*.*']

/** Files of dependencies that no program reads. */
const UNUSED = [
  '**/*.{map,md,markdown,d.ts,d.mts,d.cts,flow,tsbuildinfo,h,cc}',
  '**/{test,tests,__tests__,docs,example,examples,benchmark,benchmarks,.github,dist-types}/**',
  // Copies for bundlers: Node loads the file that `main` or the condition `node` names.
  '{@aws-sdk,@aws-crypto,@smithy,@aws}/*/{dist-es,build/module}/**',
  '{glob,pg-protocol,@electric-sql/pglite-socket,minimatch}/src/**',
  '@electric-sql/pglite/dist/**/*.cjs',
  // PGlite's extensions, of which only pg_trgm is used.
  '@electric-sql/pglite{,-*}/dist/**/*.tar.gz'
]
const USED = /pg_trgm\.tar\.gz$/

const COMPRESSION_LEVEL = 12
const TOOL = join(ROOT, 'scripts/tool.sh')
/** Not the one that runs this script: it may be linked to libraries of this machine. */
const NODE = join(ROOT, `scripts/node/node_modules/node-linux-${process.arch}/bin/node`)
/** In two parts, because Node searches its own executable for the whole string. */
const FUSE = ['NODE_SEA_FUSE', 'fce680ab2cc467b6e072b8b5df1996b2'].join('_')

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'build/asyncprod') } } })
await installOnce(join(ROOT, 'scripts/node'))
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
  copyFileSync(NODE, out)
  // Before the injection: an executable that is stripped after it does not start.
  execFileSync('strip', [out])
  // Its warnings about the stripped sections are harmless.
  execFileSync('sh', [TOOL, 'postject', out, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], {
    stdio: 'ignore'
  })
  const sha256 = createHash('sha256').update(readFileSync(out)).digest('hex')
  console.log(
    `${out}\n${megabytes(statSync(out).size)}, ${megabytes(archive.length)} of it the service\nsha256 ${sha256}`
  )
}

/** Makes a folder of what runs, with its production dependencies, and returns it. */
function collect(): string {
  const tree = join(work, 'tree')
  execFileSync('sh', [join(ROOT, 'scripts/bundle/bundle.sh')], { stdio: 'inherit' })
  for (const file of globSync(FILES, { cwd: ROOT })) copy(file, tree)
  for (const folder of productionModules()) {
    const filter = (path: string) => path === join(ROOT, folder) || basename(path) !== 'node_modules'
    cpSync(join(ROOT, folder), join(tree, folder), { recursive: true, filter })
  }
  for (const file of globSync(UNUSED, { cwd: join(tree, 'node_modules') })) {
    if (!USED.test(file)) rmSync(join(tree, 'node_modules', file), { recursive: true, force: true })
  }
  return tree
}

function copy(file: string, tree: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true })
  copyFileSync(join(ROOT, file), join(tree, file))
}

/** Returns the folders of production dependencies. Throws if a version differs from the lock file's. */
function productionModules(): string[] {
  const { packages }: Lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const modules = Object.entries(packages).filter(([folder, { dev }]) => folder !== '' && !dev)
  return modules.flatMap(([folder, { version, optional, devOptional }]) => {
    const manifest = join(ROOT, folder, 'package.json')
    if ((optional || devOptional) && !existsSync(manifest)) return []
    if (JSON.parse(readFileSync(manifest, 'utf8')).version === version) return [folder]
    throw new Error(`${folder} is not the version of package-lock.json: run npm ci`)
  })
}

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean; optional?: boolean; devOptional?: boolean }>
}

/** Packs the same files into the same bytes, on every machine and for every user. */
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

/** Paths are relative, because the path of the main file becomes part of the executable. */
function prepareBlob(): string {
  copyFileSync(join(import.meta.dirname, './launcher.cjs'), join(work, 'launcher.cjs'))
  const config = {
    main: 'launcher.cjs',
    output: 'blob',
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    // As `npm start` does: with V8's choice ROLE=api had 370 MB after load.
    execArgv: ['--max-semi-space-size=4'],
    assets: { id: 'id', archive: 'archive' }
  }
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config))
  execFileSync(NODE, ['--experimental-sea-config', 'sea.json'], { cwd: work, stdio: 'ignore' })
  return join(work, config.output)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
