import Fastify from 'fastify'
import { pictureMaker } from '../peers/make-picture.ts'
import type { Peer, PeerProgram, Servers } from '../peers/peer.ts'
import { options, say } from './child.ts'

/** One of the peers, as a process that accepts jobs over HTTP or as one that does them. */
const { peer: name, role, s3Endpoint, pictures, ...servers } = options<PeerProgram>()
const { open }: { open(servers: Servers): Peer | Promise<Peer> } = await import(`../peers/${name}.ts`)
const peer = await open(servers)

if (role === 'worker') {
  await peer.work(pictureMaker(servers, s3Endpoint))
  say('ready')
} else {
  const app = Fastify()
  let last = 0
  app.post<{ Body: { source_urls: string[] } }>('/pictures', async ({ body }, reply) => {
    await peer.add(body.source_urls.map((source_url) => ({ id: (last++ % pictures) + 1, source_url })))
    return reply.code(202).send({})
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  say(app.server.address())
}
process.once('disconnect', () => process.exit())
