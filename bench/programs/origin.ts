import { readFileSync } from 'node:fs'
import { missing, respond, startOrigin } from '../../test/support/http/origin.ts'
import { options, say } from './child.ts'

/** Serves pictures from memory: `/<kind>/<anything>`, those of a kind in turn. */
const pictures = new Map(
  Object.entries(options<Record<string, string[]>>()).map(([kind, paths]) => [
    kind,
    paths.map((path) => respond(readFileSync(path)))
  ])
)
let requests = 0

const { port } = await startOrigin({
  handler(request, response) {
    const [, kind = ''] = (request.url ?? '').split('/')
    const own = pictures.get(kind) ?? []
    const handle = own[requests++ % own.length] ?? missing()
    handle(request, response)
  }
})
say(port)
