import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

export interface Asset {
  type: string
  etag: string
  gzip: Buffer
}

const FOLDER = dirname(fileURLToPath(import.meta.resolve('#console/index.html')))

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/** What the modules import by name. Browsers resolve such names only with an inline import map. */
const PACKAGES: Record<string, string> = {
  preact: fileURLToPath(import.meta.resolve('preact')),
  'preact/hooks': fileURLToPath(import.meta.resolve('preact/hooks')),
  htm: fileURLToPath(import.meta.resolve('htm')),
  uplot: join(packageFolder('uplot'), 'uPlot.iife.min.js')
}

/** Returns the console's files by their path below /console/, compressed. */
export function readAssets(): Map<string, Asset> {
  const own = globSync('**/*.{html,css,js,svg}', { cwd: FOLDER }).map(
    (path) => [path, withoutComments(path, readFileSync(join(FOLDER, path), 'utf8'))] as const
  )
  const vendored = Object.entries(PACKAGES).map(
    ([name, file]) =>
      [vendorPath(name), readFileSync(file, 'utf8').replace(/^\/\/# sourceMapp.*$/m, '')] as const
  )
  const files = new Map([...own, ...vendored])
  files.set(vendorPath('uplot'), `${files.get(vendorPath('uplot'))}\nexport default uPlot\n`)
  files.set('vendor/uplot.css', readFileSync(join(packageFolder('uplot'), 'uPlot.min.css'), 'utf8'))
  const modules = [...files.keys()].filter((path) => path.endsWith('.js'))
  const preload = modules.map((path) => `<link rel="modulepreload" href="${path}">`).join('\n')
  const page = files.get('index.html') ?? ''
  files.set('index.html', page.replace('<!-- preload -->', preload))
  return new Map([...files].map(([path, text]) => [path, compress(path, withPaths(path, text))]))
}

/** Empties the lines of documenting comments, which were 6 of the 80 kB of a first load. */
function withoutComments(path: string, text: string): string {
  if (!path.endsWith('.js')) return text
  return text.replace(/^ *\/\*\*(?:(?!\*\/)[\s\S])*\*\/$/gm, (comment) => comment.replace(/[^\n]+/g, ''))
}

/** Makes `from 'preact'` a path relative to the module. */
function withPaths(path: string, text: string): string {
  if (!path.endsWith('.js')) return text
  const up = '../'.repeat(path.split('/').length - 1) || './'
  return text.replace(/(\bfrom\s*)(["'])([a-z/]+)\2/g, (whole, from, quote, name) =>
    name in PACKAGES ? `${from}${quote}${up}${vendorPath(name)}${quote}` : whole
  )
}

function compress(path: string, text: string): Asset {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`
  return { type: TYPES[extname(path)] ?? '', etag, gzip: gzipSync(text, { level: 9 }) }
}

const vendorPath = (name: string) => `vendor/${name.replace('/', '-')}.js`

function packageFolder(name: string): string {
  return dirname(fileURLToPath(import.meta.resolve(name)))
}
