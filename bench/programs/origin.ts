import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { options, say } from './child.ts'

/** Serves pictures from memory: `/<kind>/<anything>`, by their kind in turn. */
const pictures = new Map(
  Object.entries(options<Record<string, string[]>>()).map(([kind, paths]) => [
    kind,
    paths.map((path) => readFileSync(path))
  ])
)
let asked = 0

const server = createServer((request, response) => {
  const [, kind = ''] = (request.url ?? '').split('/')
  const kinds = pictures.get(kind) ?? []
  const picture = kinds[asked++ % kinds.length]
  if (!picture) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length }).end(picture)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => say((server.address() as AddressInfo).port))
