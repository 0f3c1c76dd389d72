import { createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { undiciHandler } from '../../../lib/storage/undici-handler.ts'
import { listen, OUTSIDE } from '../../support/downloader.ts'

const RESPONSE = 'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 0\r\n\r\n'

async function client(t: Test, serve: (socket: Socket) => void) {
  const { port } = await listen(t, createServer(serve))
  const s3 = new S3Client({
    endpoint: `http://${OUTSIDE}:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: undiciHandler()
  })
  t.teardown(() => s3.destroy())
  const put = (Body: Buffer) => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body }))
  return { put }
}

t.test('when a store responds before it has all bytes, it gets no more of them', async (t) => {
  // More than the kernel's buffers hold.
  const bytes = Buffer.alloc(32 * 1024 * 1024)
  const [responded, ended] = [Promise.withResolvers<Socket>(), Promise.withResolvers<number>()]
  let received = 0
  const { put } = await client(t, (socket) => {
    socket.on('error', () => undefined)
    socket.on('close', () => ended.resolve(received))
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received > bytes.length) ended.resolve(received)
    })
    socket.once('data', () => {
      socket.pause()
      socket.write(RESPONSE)
      responded.resolve(socket)
    })
  })
  await put(bytes)
  const socket = await responded.promise
  socket.resume()
  t.ok((await ended.promise) < bytes.length)
})

t.test('a connection on which all was sent is used again', async (t) => {
  const bytes = Buffer.alloc(1024 * 1024)
  let connections = 0
  const { put } = await client(t, (socket) => {
    connections++
    let missing = 0
    socket.on('data', (chunk) => {
      const head = missing === 0 ? chunk.indexOf('\r\n\r\n') + 4 : 0
      missing += (head && bytes.length + head) - chunk.length
      if (missing === 0) socket.write(RESPONSE)
    })
  })
  await put(bytes)
  // undici has it free again a turn after the response.
  await turn()
  await put(bytes)
  t.equal(connections, 1)
})
