import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { Type } from '@sinclair/typebox'
import { ahead, until } from '../../lib/http/generators.ts'
import { type Line, linesOf } from '../../lib/http/lines.ts'
import { toProblem } from '../../lib/http/problem.ts'
import { ImportResult, ProductUpsert } from '../../lib/products/schemas.ts'
import { IdempotencyHeader } from '../idempotency.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { lineWriter, refusal } from './import-line.ts'
import { OpenStreams } from './open-streams.ts'
import { NDJSON, tags } from './schemas.ts'

/** Of this process. Each keeps up to five groups of lines, and a line may have 1 MiB. */
const MAX_IMPORTS = 8
const GROUP_LINES = 256
/** While a group is awaited: two statements are under way, and the lines of the next two wait for them. */
const GROUPS_AHEAD = 4
/** While the database is away, this bounds how fast lines are refused. */
const TROUBLE_PAUSE_MS = 1000
/** Clients that read only after they have sent all can have 10,000 lines. */
const RESPONSE_BUFFER_BYTES = 1024 * 1024

/** The document describes a line; the handler sends a stream. */
const ImportResults = Type.Unsafe<Readable>({ $ref: `${ImportResult.$id}#` })
const STOPPING = toProblem('unavailable', 'The import was ended: send this line and those after it again.')

/**
 * Products from NDJSON. Lines that arrive while others are written are written together, and the
 * response grows while the request is read. If the client does not read it, no more lines are read.
 */
export const importLines: Operation = (app, config) => {
  const streams = new OpenStreams(MAX_IMPORTS)
  app.addHook('preClose', async () => streams.close())
  const check = app.bodyCheck(ProductUpsert)
  const compile = app.validatorCompiler

  app.register(async (scope) => {
    // The handler reads the request.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(NDJSON, (_request, _payload, done) => done(null))
    scope.post(
      '/products/import',
      {
        config: { isStream: true, accepts: NDJSON[0] },
        validatorCompiler: (part) => (part.httpPart === 'body' || !compile ? () => true : compile(part)),
        schema: {
          tags,
          operationId: 'importLines',
          summary: 'Create or replace many products',
          description:
            'One ProductUpsert a line. The response has one line for each line, in their order, while the ' +
            'request is sent: read it meanwhile, or send at most 10,000 lines. A line with an external id ' +
            'creates or replaces, so a broken import can be repeated; one without creates. A line that is ' +
            'refused says why and stops nothing. The images are processed after those of single requests.',
          headers: IdempotencyHeader,
          body: {
            content: { [NDJSON[0]]: { schema: Type.String({ description: 'One ProductUpsert a line' }) } }
          },
          response: {
            200: {
              description: 'The result of each line that is not empty',
              content: { [NDJSON[0]]: { schema: ImportResults } }
            },
            ...problems(403, 415)
          }
        }
      },
      async (request, reply) => {
        const stop = streams.open(request)
        reply.raw.once('close', () => stop.abort())
        const write = lineWriter({ app, config, request, check })
        const results = Readable.from(responseTo(request.raw, write, stop.signal), {
          objectMode: false,
          highWaterMark: RESPONSE_BUFFER_BYTES
        })
        return reply.type(NDJSON[0]).send(results)
      }
    )
  })
}

type Write = (line: Line) => Promise<ImportResult>

async function* responseTo(
  request: IncomingMessage,
  write: Write,
  stop: AbortSignal
): AsyncGenerator<string> {
  let last = 0
  for await (const group of ahead(groupsOf(request, write, stop), GROUPS_AHEAD)) {
    const results = await group.results
    yield results.map((result) => `${JSON.stringify(result)}\n`).join('')
    last = results.at(-1)?.line ?? last
    const isTrouble = results.some(({ status }) => status === 503)
    if (isTrouble) await pause(TROUBLE_PAUSE_MS, undefined, { signal: stop }).catch(() => undefined)
  }
  if (stop.aborted) yield `${JSON.stringify(refusal(last + 1, STOPPING))}\n`
}

/** Lines that are being written. The next groups are read meanwhile. */
interface Group {
  results: Promise<ImportResult[]>
}

async function* groupsOf(
  request: IncomingMessage,
  write: Write,
  stop: AbortSignal
): AsyncGenerator<Group, void> {
  try {
    for await (const lines of until(stop, linesOf(request)))
      for (let at = 0; at < lines.length; at += GROUP_LINES)
        yield { results: Promise.all(lines.slice(at, at + GROUP_LINES).map(write)) }
  } catch (error) {
    // The client has left.
    if (!request.destroyed) throw error
  }
}
