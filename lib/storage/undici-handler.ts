import { UndiciHttpHandler } from '@smithy/undici-http-handler'
import { Agent, buildConnector } from 'undici'
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './object-store.ts'

/**
 * Sends the requests of an S3 client. With it, a small image takes 6% less CPU than with the SDK's own
 * handler. An API would only start 60 ms later, with undici to load, which a worker has anyway.
 */
export const undiciHandler = () =>
  new UndiciHttpHandler({
    dispatcher: new Agent({
      connect,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS
    })
  })

const open = buildConnector({ timeout: CONNECT_TIMEOUT_MS, allowH2: false })

/**
 * A response that comes before its request was sent ends the connection. undici would use it again, and send
 * the rest first: from memory that holds another picture by then.
 */
const connect: buildConnector.connector = (options, callback) =>
  open(options, (...opened) => {
    const [, socket] = opened
    socket?.prependListener('readable', () => {
      // When undici has read the response.
      if (socket.writableLength > 0) process.nextTick(() => socket.destroy())
    })
    callback(...opened)
  })
