import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Where the host of that tap process listens. */
export function hostSocket(tap: number): string {
  return join(tmpdir(), `asyncprod-tap-${tap}.sock`)
}

/**
 * Asks the host of a tap run, by default of the one that runs this file. Resolves with its response, JSON,
 * or with undefined when there is no host.
 * @throws what the host could not do
 */
export function askHost(path: string, tap = process.ppid): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  request({ socketPath: hostSocket(tap), path }, async (response) => {
    const body = await text(response)
    if (response.statusCode === 200) resolve(body)
    else reject(new Error(body))
  })
    .on('error', (error) => {
      if ('code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')) resolve(undefined)
      else reject(error)
    })
    .end()
  return promise
}
