import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'

const READ_BYTES = 65_536

/** More than a header may have, so that what undici remembers of one until it is whole is never written over. */
const SHARED_BYTES = 32_768

/**
 * Opens a socket that reads into two buffers of its own in turn, where `net` makes a new one for every read: 26 for a picture
 * of 1.6 MB, and V8 counts each against its heap. For a reader like undici, which is done with what it was given before it asks for more.
 */
export function connectReading(options: TcpNetConnectOpts): Socket {
  let filling = Buffer.allocUnsafeSlow(READ_BYTES)
  let resting = Buffer.allocUnsafeSlow(READ_BYTES)

  function received(length: number): boolean {
    const bytes = filling.subarray(0, length)
    if (length < SHARED_BYTES) return socket.push(Buffer.from(bytes))
    // Nobody has read yet what came before: it is theirs.
    if (socket.readableLength > 0) resting = Buffer.allocUnsafeSlow(READ_BYTES)
    const next = resting
    resting = filling
    filling = next
    return socket.push(bytes)
  }

  const socket = connect({ ...options, onread: { buffer: () => filling, callback: received } })
  return socket
}
