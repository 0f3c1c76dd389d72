import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { generator, labelled } from '../support/pictures/pictures.ts'
import { Tally } from './tally.ts'

export interface MisbehavingOrigin {
  port: number
  tally: Tally
  urlOf(image: number): string
  /** Whether that image answers 404, whoever asks and whenever. */
  isMissing(image: number): boolean
  stop(): Promise<void>
}

const MISSING = 0.05
/** What happens to a request, and to which share of them. */
const TROUBLES: [string, number][] = [
  ['500', 0.1],
  ['reset', 0.05],
  ['stall', 0.05],
  ['429 with Retry-After', 0.03]
]
/** Most are small: what is tried here is the way, not the work. */
const SIZES = [
  [160, 120],
  [200, 150],
  [240, 180],
  [1000, 750]
] as const

/** Serves `/<number>.jpg`, a picture that shows the number, and misbehaves as the seed says. */
export async function startMisbehavingOrigin(seed: number): Promise<MisbehavingOrigin> {
  const tally = new Tally()
  const pictures = new Map<number, Promise<Buffer>>()
  const asked = new Map<number, number>()
  const isMissing = (image: number) => chance(seed, image, 0) < MISSING

  // Drawn once: a slow answer is asked for again, and would make an origin that draws slower still.
  const draw = (image: number) => {
    const [width, height] = SIZES[Math.floor(chance(seed, image, -1) * SIZES.length)] ?? SIZES[0]
    const picture = pictures.get(image) ?? labelled(image, { width, height })
    pictures.set(image, picture)
    return picture
  }

  const server = createServer(async (request, response) => {
    const image = Number(/^\/(\d+)\.jpg$/.exec(request.url ?? '')?.[1])
    const count = (asked.get(image) ?? 0) + 1
    asked.set(image, count)
    response.on('error', () => undefined)
    const kind = isMissing(image) ? '404' : troubleOf(chance(seed, image, count))
    tally.add(kind)
    await answer(response, kind, () => draw(image))
  })
  // An idle connection that is closed at the moment of its next use would be a trouble that no seed decided.
  server.keepAliveTimeout = 600_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  return {
    port: address.port,
    tally,
    urlOf: (image) => `http://127.0.0.1:${address.port}/${image}.jpg`,
    isMissing,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** The number in the path of a source URL. */
export const imageOf = (url: string) => Number(/(\d+)\.jpg$/.exec(url)?.[1])

function troubleOf(chance: number): string {
  let bound = 0
  for (const [kind, share] of TROUBLES) {
    bound += share
    if (chance < bound) return kind
  }
  return 'picture'
}

async function answer(response: ServerResponse, kind: string, draw: () => Promise<Buffer>): Promise<void> {
  if (kind === '404') return void response.writeHead(404).end('Not found')
  if (kind === '500') return void response.writeHead(500).end('Internal Server Error')
  if (kind === '429 with Retry-After') return void response.writeHead(429, { 'retry-after': '1' }).end()
  const picture = await draw()
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length })
  if (kind === 'picture') return void response.end(picture)
  // The head and a half of the picture, then nothing more, or a reset.
  response.write(picture.subarray(0, picture.length / 2), () => {
    if (kind === 'reset') response.socket?.resetAndDestroy()
  })
}

function chance(seed: number, image: number, count: number): number {
  const random = generator(seed ^ Math.imul(image + 1, 0x9e3779b1) ^ Math.imul(count + 2, 0x85ebca6b))
  return random()
}
