import type { IncomingMessage } from 'node:http'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../lib/http/app-error.ts'
import { checkPut, discardRest, sized } from '../../lib/uploads/receive.ts'
import { uploadKey } from '../../lib/uploads/source.ts'
import type { Operation } from '../operation.ts'
import { noBody, problems } from '../problem-replies.ts'

/** Where there is no bucket: receives what S3 would receive. Bytes go to the disk as they arrive. */
export const receive: Operation = (app, config) => {
  const { maxSourceBytes } = config.images
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  app.put(
    '/uploads/:id',
    {
      // The URL is as hard to guess as a presigned one.
      config: { access: 'signed' },
      schema: {
        tags: ['uploads'],
        operationId: 'putUpload',
        summary: 'Send the bytes of an upload, to the URL and with the headers that createUpload returned',
        security: [],
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 200: noBody({ description: 'Stored' }), ...problems(403, 404, 413, 415, 422) }
      }
    },
    async (request, reply) => {
      try {
        await receiveUpload(request.raw, request.params.id)
      } catch (error) {
        await discardRest(request.raw)
        // What is left of it would be taken for the next request.
        reply.header('connection', 'close')
        throw refusalOf(error, request)
      }
      return reply.code(200).send()
    }
  )

  async function receiveUpload(request: IncomingMessage, id: string): Promise<void> {
    const { intake } = app.objects
    const upload = 'receive' in intake ? await app.uploads.find(id) : null
    if (!upload || !('receive' in intake))
      throw new AppError('not_found', 'There is no such upload, or it was removed.')
    checkPut(upload, request.headers, maxSourceBytes)
    await intake.receive(uploadKey(upload.id), sized(request, upload, maxSourceBytes))
  }
}

function refusalOf(error: unknown, { raw, log }: FastifyRequest): unknown {
  if (error instanceof AppError) return error
  // A body that is not read to its end for another reason has an error, too.
  if (error === raw.errored)
    return new AppError('malformed_request', 'The connection ended before the last byte.')
  log.error({ err: error }, 'An upload could not be stored')
  return new AppError('unavailable', 'The upload could not be stored; retry later.')
}
