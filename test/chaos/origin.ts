import {
  type Handler,
  missing,
  type Origin,
  resetAfter,
  respond,
  stall,
  startOrigin
} from '../support/http/origin.ts'
import { generator, labelled } from '../support/pictures/pictures.ts'
import { Tally } from '../support/tally.ts'

export interface MisbehavingOrigin extends Origin {
  /** Responses so far, by kind. */
  tally: Tally
  urlOf(image: number): string
  /** Whether every request for that image gets a 404. */
  isMissing(image: number): boolean
}

const MISSING = 0.05
/** Share of the requests that get each fault. */
const FAULTS: [Kind, share: number][] = [
  ['500', 0.1],
  ['reset', 0.05],
  ['stall', 0.05],
  ['429 with Retry-After', 0.03]
]
type Kind = '404' | '500' | 'reset' | 'stall' | '429 with Retry-After' | 'picture'

const HANDLERS: Record<Kind, (picture: Buffer) => Handler> = {
  '404': missing,
  '500': () => respond('Internal Server Error', { status: 500 }),
  '429 with Retry-After': () => respond('', { status: 429, headers: { 'retry-after': '1' } }),
  reset: (picture) => resetAfter(picture.subarray(0, picture.length / 2)),
  stall: (picture) => stall(picture.subarray(0, picture.length / 2)),
  picture: respond
}

/** Most are small: a run tests the way of an image, not the work on it. */
const SIZES = [
  [160, 120],
  [200, 150],
  [240, 180],
  [1000, 750]
] as const

/** Serves `/<number>.jpg`, a picture that shows the number, with faults that depend on the seed alone. */
export async function startMisbehavingOrigin(seed: number): Promise<MisbehavingOrigin> {
  const tally = new Tally()
  const pictures = new Map<number, Promise<Buffer>>()
  const requests = new Map<number, number>()
  const isMissing = (image: number) => chance(seed, image, 0) < MISSING

  // Drawn once: a slow response is requested again, and drawing again would slow the origin further.
  const draw = (image: number) => {
    const [width, height] = SIZES[Math.floor(chance(seed, image, -1) * SIZES.length)] ?? SIZES[0]
    const picture = pictures.get(image) ?? labelled(image, { width, height })
    pictures.set(image, picture)
    return picture
  }

  const origin = await startOrigin({
    async handler(request, response) {
      const image = imageOf(request.url ?? '')
      const count = (requests.get(image) ?? 0) + 1
      requests.set(image, count)
      const kind = isMissing(image) ? '404' : faultOf(chance(seed, image, count))
      tally.add(kind)
      HANDLERS[kind](await draw(image))(request, response)
    }
  })
  return { ...origin, tally, isMissing, urlOf: (image) => `${origin.url}/${image}.jpg` }
}

/** The number in the path of a source URL. */
export const imageOf = (url: string) => Number(/(\d+)\.jpg$/.exec(url)?.[1])

function faultOf(chance: number): Kind {
  let bound = 0
  for (const [kind, share] of FAULTS) {
    bound += share
    if (chance < bound) return kind
  }
  return 'picture'
}

function chance(seed: number, image: number, count: number): number {
  const random = generator(seed ^ Math.imul(image + 1, 0x9e3779b1) ^ Math.imul(count + 2, 0x85ebca6b))
  return random()
}
