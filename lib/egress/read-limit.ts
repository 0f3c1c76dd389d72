import type { Socket } from 'node:net'
import { tooMuchRead } from '../download/errors.ts'

/** Chunks of one byte, the smallest there are, take six bytes each. */
const BYTES_OF_A_CHUNK = 6
/** For announcements, headers and a TLS handshake. */
const BYTES_AROUND = 2_097_152

/** Most that is read for one answer whose body may have so many bytes. */
export const readLimit = (bodyBytes: number) => BYTES_OF_A_CHUNK * bodyBytes + BYTES_AROUND

/**
 * Ends `socket` when it has read more than `maxReadBytes` since it last wrote a request. undici shows bodies and headers, but
 * extensions of chunks, zeros before their sizes and empty lines are nobody's: without end they kept a core busy until the
 * deadline. What is counted comes over `transport`, below TLS, whose records may be a byte long, too.
 */
export function limitReads(socket: Socket, transport: Socket, maxReadBytes: number): void {
  let asked = 0
  let before = 0
  let read = 0
  socket.on('readable', () => {
    if (socket.bytesWritten !== asked) {
      asked = socket.bytesWritten
      before = read
    }
    read = transport.bytesRead
    if (read - before > maxReadBytes) socket.destroy(tooMuchRead(maxReadBytes))
  })
}
