import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

interface DocumentedReply {
  headers?: Record<string, unknown>
  content?: Record<string, unknown>
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, DocumentedReply> }>>
}

/** Injects a request into the app. Rejects when the reply is not what the OpenAPI document says. */
export type Call = (request: InjectOptions & { url: string }) => Promise<LightMyRequestResponse>

/** Headers that clients rely on: a reply that has one must be documented with it. */
const CONTRACT_HEADERS = ['etag', 'link', 'location', 'retry-after']

export async function documented(app: FastifyInstance): Promise<Call> {
  const document = (await app.inject('/openapi.json')).json<OpenApi>()
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addFormat('text', true)
  ajv.addSchema(document, 'openapi')

  return async (request) => {
    const reply = await app.inject(request)
    const isHead = request.method === 'HEAD'
    const method = isHead ? 'get' : (request.method ?? 'GET').toLowerCase()
    const path = pathTemplate(Object.keys(document.paths), request.url)
    const status = String(reply.statusCode)
    const said = document.paths[path]?.[method]?.responses[status]
    const pointer = ['paths', path, method, 'responses', status, 'content', mediaType(reply), 'schema']
    const schema = { $ref: `openapi#/${pointer.map(encodePointer).join('/')}` }
    const problem = said
      ? misfit(reply, said, isHead, () => bodies(reply).every((body) => ajv.validate(schema, body)))
      : 'is unknown'
    if (problem) throw new Error(`${method} ${path} ${status} ${problem} ${ajv.errorsText()}: ${reply.body}`)
    return reply
  }
}

function misfit(
  reply: LightMyRequestResponse,
  said: DocumentedReply,
  isHead: boolean,
  bodyFits: () => unknown
): string | undefined {
  const surplus = CONTRACT_HEADERS.find((name) => name in reply.headers && !said.headers?.[name])
  if (surplus) return `has the header ${surplus}, which is not documented`
  if (isHead || !said.content) return reply.body === '' ? undefined : 'has a body'
  if (!said.content[mediaType(reply)]) return `is ${mediaType(reply)}`
  return bodyFits() ? undefined : 'does not fit:'
}

/** `/products/{id}` for `/products/7?x=y`. */
function pathTemplate(templates: string[], url: string): string {
  const path = url.replace(/\/?(\?.*)?$/, '')
  const fits = (template: string) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]*')}$`).test(path)
  return templates.includes(path) ? path : (templates.find(fits) ?? path)
}

/** Each line, where the schema is that of a line. */
const bodies = (reply: LightMyRequestResponse): unknown[] =>
  mediaType(reply) === 'application/x-ndjson'
    ? reply.body.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
    : [reply.json()]

const mediaType = ({ headers }: LightMyRequestResponse) => String(headers['content-type']).split(';')[0] ?? ''

const encodePointer = (name: string) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
