import type { Socket } from 'node:net'
import { ReadLimitExceeded } from './errors.ts'

/** A chunk of one byte takes six on the wire. */
const BYTES_PER_CHUNK = 6
/** For interim responses, headers and a TLS handshake. */
const OVERHEAD_BYTES = 2_097_152

/** Returns the number of bytes to read at most for one response whose body may have `bodyBytes`. */
export const readLimit = (bodyBytes: number) => BYTES_PER_CHUNK * bodyBytes + OVERHEAD_BYTES

/**
 * Destroys `socket` with ReadLimitExceeded once it has read more than `maxReadBytes` since it last wrote a
 * request. undici reports bodies and headers, but not the extensions of chunks, zeros before their sizes or
 * empty lines: without a limit such a response kept a core busy until its timeout. The bytes are counted on
 * `transport`, below TLS, because a TLS record may carry as little as one byte.
 */
export function limitReads(socket: Socket, transport: Socket, maxReadBytes: number): void {
  let written = 0
  let readBefore = 0
  let read = 0
  socket.on('readable', () => {
    if (socket.bytesWritten !== written) {
      written = socket.bytesWritten
      readBefore = read
    }
    read = transport.bytesRead
    if (read - readBefore > maxReadBytes) socket.destroy(new ReadLimitExceeded(maxReadBytes))
  })
}
