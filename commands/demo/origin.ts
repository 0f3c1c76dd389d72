import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Picture } from './pictures.ts'

export interface Origin extends AsyncDisposable {
  url: string
  urlOf(picture: Picture): string
}

/** Serves the pictures on loopback, as the shops do that the service downloads from. */
export async function serve(pictures: Picture[]): Promise<Origin> {
  const server = createServer(({ url }, response) => {
    const picture = pictures.find(({ name }) => url === `/${name}`)
    response.writeHead(picture ? 200 : 404).end(picture?.bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  const url = `http://127.0.0.1:${address.port}`
  return {
    url,
    urlOf: ({ name }) => `${url}/${name}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
