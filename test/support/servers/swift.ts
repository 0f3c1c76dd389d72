import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createFolder } from './guard.ts'
import { program } from './install.ts'
import { freePort } from './port.ts'
import { startServer } from './start.ts'

type Settings = Record<string, string | number>
type Sections = Record<string, Settings>
type Ports = { account: number; container: number; object: number }

const DAEMONS = ['account', 'container', 'object', 'proxy'] as const
const FILTERS = ['catch_errors', 'cache', 'listing_formats', 's3api', 'tempauth', 'copy', 'slo', 'dlo']
const USER = userInfo().username

/** The S3 keys of its account, and the path of its containers in Swift's own interface. */
export const SWIFT = { accessKeyId: 'test:tester', secretAccessKey: 'testing', publicPath: '/v1/AUTH_test' }

/**
 * OpenStack Swift, a store that Debian packages and that speaks S3. Resolves with the address of its proxy.
 */
export async function startSwift(): Promise<{ origin: string; stop(): Promise<void> }> {
  const folder = createFolder('swift')
  mkdirSync(join(folder, 'devices', 'disk'), { recursive: true })
  const ports = { account: await freePort(), container: await freePort(), object: await freePort() }
  const [proxyPort, cachePort] = [await freePort(), await freePort()]
  const common = {
    swift_dir: folder,
    user: USER,
    bind_ip: '127.0.0.1',
    workers: 0, // one process each
    log_level: 'CRITICAL', // what is logged goes to the machine's syslog
    conn_timeout: 20 // at the default of 0.5 s a busy machine makes a single store look dead
  }
  const daemons: Record<(typeof DAEMONS)[number], Sections> = {
    account: store('account', folder, ports, common),
    container: store('container', folder, ports, common),
    object: store('object', folder, ports, common),
    proxy: proxy(proxyPort, cachePort, common)
  }
  write(join(folder, 'swift.conf'), {
    'swift-hash': { swift_hash_path_prefix: 'test', swift_hash_path_suffix: 'test' },
    'storage-policy:0': { name: 'Policy-0', default: 'yes' }
  })
  for (const name of DAEMONS) write(join(folder, `${name}.conf`), daemons[name])
  await buildRings(folder, ports)

  const cache = ['-l', '127.0.0.1', '-p', `${cachePort}`, '-u', USER]
  const servers = await Promise.all([
    startServer({ command: program('memcached'), args: cache, cwd: folder }, cachePort),
    ...DAEMONS.map((name) => {
      const args = [join(folder, `${name}.conf`), '--verbose']
      const port = name === 'proxy' ? proxyPort : ports[name]
      return startServer({ command: program(`swift-${name}-server`), args, cwd: folder }, port)
    })
  ])
  return {
    origin: `http://127.0.0.1:${proxyPort}`,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
      await rm(folder, { recursive: true, force: true })
    }
  }
}

function store(name: keyof Ports, folder: string, ports: Ports, common: Settings): Sections {
  const places = { bind_port: ports[name], devices: join(folder, 'devices'), mount_check: 'false' }
  return {
    DEFAULT: { ...common, ...places, fallocate_reserve: 0 },
    'pipeline:main': { pipeline: `${name}-server` },
    // a listing shows an object as soon as it was put, however busy the machine is
    [`app:${name}-server`]: { use: `egg:swift#${name}`, container_update_timeout: 20 }
  }
}

function proxy(port: number, cachePort: number, common: Settings): Sections {
  const filters = FILTERS.map((name) => [`filter:${name}`, { use: `egg:swift#${name}` }] as const)
  return {
    DEFAULT: { ...common, bind_port: port },
    'pipeline:main': { pipeline: `${FILTERS.join(' ')} proxy-server` },
    'app:proxy-server': { use: 'egg:swift#proxy', account_autocreate: 'true', error_suppression_interval: 0 },
    ...Object.fromEntries(filters),
    'filter:cache': { use: 'egg:swift#memcache', memcache_servers: `127.0.0.1:${cachePort}` },
    'filter:s3api': { use: 'egg:swift#s3api', location: 'us-east-1' },
    'filter:tempauth': { use: 'egg:swift#tempauth', user_test_tester: `${SWIFT.secretAccessKey} .admin` }
  }
}

function write(path: string, sections: Sections): void {
  const line = ([name, value]: [string, string | number]) => `${name} = ${value}\n`
  const text = Object.entries(sections).map(
    ([title, settings]) => `[${title}]\n${Object.entries(settings).map(line).join('')}`
  )
  writeFileSync(path, text.join('\n'))
}

/** One interpreter for the three rings: nine calls of swift-ring-builder take 4 s, this takes 0.4 s. */
const RINGS = `
import os, sys
from swift.common.ring.builder import RingBuilder
folder = sys.argv[1]
try:
    os.setxattr(folder, 'user.swift', b'')
except OSError as error:
    sys.exit(f'Swift needs extended attributes, which {folder} lacks: set TMPDIR to a folder on ext4 or xfs ({error})')
for kind, port in zip(('account', 'container', 'object'), sys.argv[2:]):
    ring = RingBuilder(4, 1, 1)
    ring.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': int(port), 'device': 'disk', 'weight': 1})
    ring.rebalance()
    ring.get_ring().save(f'{folder}/{kind}.ring.gz')
`

async function buildRings(folder: string, { account, container, object }: Ports): Promise<void> {
  // the interpreter that has Swift's modules is the one its own programs name; the PATH may hold another
  const [, python = 'python3'] = /^#!\s*(\S+)/.exec(readFileSync(program('swift-proxy-server'), 'utf8')) ?? []
  const args = ['-c', RINGS, folder, `${account}`, `${container}`, `${object}`]
  await promisify(execFile)(python, args, { cwd: folder })
}
