// The main file of the executable. It unpacks the service once into a cache folder and runs it from there: an
// executable cannot load native modules from inside itself. Only built-in modules are available here.
'use strict'
const { createHash, randomUUID } = require('node:crypto')
const fs = require('node:fs')
const Module = require('node:module')
const os = require('node:os')
const path = require('node:path')
const { getAsset, getRawAsset } = require('node:sea')
const { setFlagsFromString } = require('node:v8')
const { zstdDecompressSync } = require('node:zlib')

const ENTRY = 'dist/cli.js'
const COMPLETE = '.complete'
const LEFTOVER_MS = 3_600_000

class UnpackError extends Error {}

try {
  // A child process of ours runs another program of the unpacked tree, with nothing but what it reads.
  if (process.env.ASYNCPROD_PROGRAM) runProgram(process.env.ASYNCPROD_PROGRAM)
  else runService()
} catch (error) {
  if (!(error instanceof UnpackError)) throw error
  console.error(error.message)
  process.exit(1)
}

function runProgram(program) {
  // The executable's own option is for the service, and overrides the one that the program is started with.
  setFlagsFromString('--semi-space-growth-factor=1')
  process.argv[1] = program
  Module.runMain(program)
}

function runService() {
  const folder = unpackedFolder(getAsset('id', 'utf8'))
  const entry = path.join(folder, ENTRY)
  process.argv[1] = entry
  Module.enableCompileCache?.(path.join(folder, '.compiled'))
  Module.runMain(entry)
}

function unpackedFolder(id) {
  const base = cacheBase()
  const folder = path.join(base, id)
  if (!fs.existsSync(path.join(folder, COMPLETE))) unpack(id, base, folder)
  return folder
}

/** A folder that only this user can write to: code in it is executed. */
function cacheBase() {
  const { ASYNCPROD_CACHE_DIR, XDG_CACHE_HOME, HOME } = process.env
  const wanted =
    ASYNCPROD_CACHE_DIR ||
    path.join(XDG_CACHE_HOME || path.join(HOME || '/nonexistent', '.cache'), 'asyncprod')
  try {
    return privateFolder(path.resolve(wanted))
  } catch (error) {
    if (ASYNCPROD_CACHE_DIR)
      throw new UnpackError(
        `${wanted} cannot be used (${error.message}): set ASYNCPROD_CACHE_DIR to a folder of your own`
      )
  }
  const fallback = path.join(os.tmpdir(), `asyncprod-${process.getuid()}`)
  try {
    return privateFolder(fallback)
  } catch (error) {
    throw new UnpackError(
      `Neither ${wanted} nor ${fallback} can be used (${error.message}): ` +
        'set ASYNCPROD_CACHE_DIR to a folder of your own'
    )
  }
}

function privateFolder(folder) {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = fs.lstatSync(folder)
  if (uid !== process.getuid()) throw new Error('it belongs to another user')
  if (mode & 0o022) throw new Error('other users can write to it')
  fs.accessSync(folder, fs.constants.W_OK)
  const real = fs.realpathSync(folder)
  for (let above = path.dirname(real); ; above = path.dirname(above)) {
    if (isReplaceable(above)) throw new Error(`other users can replace it in ${above}`)
    if (above === path.dirname(above)) return real
  }
}

/** True if other users can rename entries of the folder, and so replace one after it was checked. */
function isReplaceable(folder) {
  const { uid, mode } = fs.lstatSync(folder)
  return (uid !== 0 && uid !== process.getuid()) || ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)
}

/** Unpacks into a new folder, then renames it: of several concurrent starts the first wins. */
function unpack(id, base, folder) {
  removeLeftovers(base)
  const archive = Buffer.from(getRawAsset('archive'))
  if (createHash('sha256').update(archive).digest('hex') !== id)
    throw new UnpackError('The executable is damaged: download it again')
  const unfinished = path.join(base, `unfinished-${randomUUID()}`)
  try {
    for (const { name, mode, content } of entries(zstdDecompressSync(archive))) {
      const file = path.join(unfinished, name)
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
      fs.writeFileSync(file, content, { mode })
    }
    tryNativeModule(unfinished)
    fs.writeFileSync(path.join(unfinished, COMPLETE), '')
    fs.renameSync(unfinished, folder)
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true })
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return
    if (error instanceof UnpackError) throw error
    throw new UnpackError(
      `asyncprod cannot be unpacked into ${base} (${error.message}): free some space, or set ASYNCPROD_CACHE_DIR`
    )
  }
}

/** The regular files of a ustar archive. */
function* entries(tar) {
  const text = (start, length) => tar.toString('utf8', start, start + length).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const prefix = text(at + 345, 155)
    const size = Number.parseInt(text(at + 124, 12), 8)
    const type = text(at + 156, 1)
    if (type === '' || type === '0') {
      const name = path.posix.join(prefix, text(at, 100))
      if (name.startsWith('/') || name.split('/').includes('..'))
        throw new UnpackError('The executable is damaged: download it again')
      yield {
        name,
        mode: Number.parseInt(text(at + 100, 8), 8),
        content: tar.subarray(at + 512, at + 512 + size)
      }
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
}

/** A file system mounted noexec stores the files but refuses to load them: fail now, with the cure. */
function tryNativeModule(folder) {
  const native = fs.globSync('node_modules/@img/sharp-*/lib/*.node', { cwd: folder })[0]
  try {
    process.dlopen({ exports: {} }, path.join(folder, native))
  } catch (error) {
    throw new UnpackError(
      `Native modules cannot be loaded from ${path.dirname(folder)} (${error.message}): ` +
        'set ASYNCPROD_CACHE_DIR to a folder that is not mounted noexec'
    )
  }
}

function removeLeftovers(base) {
  for (const name of fs.readdirSync(base)) {
    const file = path.join(base, name)
    const old =
      name.startsWith('unfinished-') &&
      Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > LEFTOVER_MS
    if (old) fs.rmSync(file, { recursive: true, force: true })
  }
}
