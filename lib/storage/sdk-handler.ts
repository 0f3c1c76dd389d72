import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './object-store.ts'

/** The options of the SDK's own handler, which sends the requests of an S3 client. */
export const SDK_HANDLER = {
  connectionTimeout: CONNECT_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  throwOnRequestTimeout: true,
  // Between two parts of a response: the limit above ends with its headers.
  socketTimeout: REQUEST_TIMEOUT_MS,
  // The limiter bounds uploads. Behind a limit here, uploads to a slow store that wait for a socket would
  // count as connections that cannot be established.
  httpAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
  httpsAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }
}
