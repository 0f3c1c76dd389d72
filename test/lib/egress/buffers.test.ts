import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connectReusing } from '../../../lib/egress/buffers.ts'
import { downloader, listen, never, OUTSIDE, serve, speak } from '../../support/downloader.ts'

const KB = 1024
const MB = 1024 * KB

/** No two places of it look alike. */
const pattern = (bytes: number, seed = 0) => {
  const words = new Uint32Array(bytes / 4)
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + seed * words.length, 2_654_435_761)
  return Buffer.from(words.buffer)
}

async function connected(t: Test, say: (socket: Socket) => void): Promise<Socket> {
  const { port } = await listen(t, createServer(say))
  const socket = connectReusing({ host: OUTSIDE, port })
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

t.test('a reader that reads at once reads everything', async (t) => {
  const sent = pattern(8 * MB)
  const socket = await connected(t, (server) => server.end(sent))
  const chunks: Buffer[] = []
  socket.on('readable', () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(Buffer.from(chunk))
  })
  await once(socket, 'end')
  t.ok(Buffer.concat(chunks).equals(sent))
})

t.test('so does one that reads in small bites', async (t) => {
  const sent = pattern(MB)
  const socket = await connected(t, async (server) => {
    for (let at = 0; at < MB; at += 40_000) {
      server.write(sent.subarray(at, at + 40_000))
      await turnOfTheEventLoop()
    }
    server.end()
  })
  const bites: Buffer[] = []
  let ended = false
  socket.on('end', () => {
    ended = true
  })
  while (!ended) {
    for (let turns = 0; turns < 5; turns++) await turnOfTheEventLoop()
    const bite = socket.read(Math.min(10_000, Math.max(1, socket.readableLength)))
    if (bite) bites.push(Buffer.from(bite))
  }
  t.ok(Buffer.concat(bites).equals(sent))
})

t.test('pictures that come side by side are each their own, also over connections used again', async (t) => {
  const origin = await serve(t, (request, response) =>
    response.end(pattern(MB, Number(request.url?.slice(1))))
  )
  const { download } = downloader(t, { maxBytes: MB, connectionsPerOrigin: 3 })
  const one = async (seed: number) => {
    using got = await download(`${origin.url}/${seed}`, never)
    await turnOfTheEventLoop()
    return got.bytes.equals(pattern(MB, seed))
  }
  for (let round = 0; round < 5; round++) {
    const seeds = Array.from({ length: 8 }, (_, i) => round * 8 + i)
    t.same(
      await Promise.all(seeds.map(one)),
      seeds.map(() => true)
    )
  }
  t.equal(origin.sockets.length, 3)
})

t.test('a header in pieces after a large body is read as it was sent', async (t) => {
  const large = pattern(MB)
  const asked: string[] = []
  const origin = await speak(t, async (socket) => {
    asked.push('')
    if (asked.length === 2) {
      const lines = [
        'HTTP/1.1 302 Found',
        'location: /picture',
        'content-length: 0',
        `x-a: ${'a'.repeat(900)}`,
        `x-b: ${'b'.repeat(900)}`
      ]
      for (const line of [...lines, '']) {
        socket.write(`${line}\r\n`)
        await turnOfTheEventLoop()
        await turnOfTheEventLoop()
      }
    } else {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${MB}\r\n\r\n`)
      socket.write(large)
    }
  })
  const { download } = downloader(t, { maxBytes: MB })
  t.ok((await download(origin.url, never)).bytes.equals(large))
  t.ok((await download(origin.url, never)).bytes.equals(large))
  t.equal(asked.length, 3)
})
