import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'

// Reads into the same buffers again and again, as lib/buffer-pool.ts does for whole pictures.

const READ_BYTES = 131_072

/**
 * Reads up to this size are copied, because undici keeps pieces of headers. No larger read may end within a
 * header.
 */
export const MAX_HEADER_BYTES = 65_536

/**
 * Opens a socket that reads into two buffers alternately. The reader must have consumed a body's bytes before
 * it reads again. undici does, which is why package.json pins its version.
 */
export function connectReusing(options: TcpNetConnectOpts): Socket {
  let filling = Buffer.allocUnsafeSlow(READ_BYTES)
  let resting = Buffer.allocUnsafeSlow(READ_BYTES)

  function received(length: number): boolean {
    const bytes = filling.subarray(0, length)
    if (length <= MAX_HEADER_BYTES) return socket.push(Buffer.from(bytes))
    // The reader has not read the other buffer yet, so that one is not used again.
    if (socket.readableLength > 0) resting = Buffer.allocUnsafeSlow(READ_BYTES)
    const next = resting
    resting = filling
    filling = next
    return socket.push(bytes)
  }

  const socket = connect({ ...options, onread: { buffer: () => filling, callback: received } })
  return socket
}
