import type { Test } from 'tap'
import type { Bucket } from '../../../lib/config/servers.ts'
import { S3Store } from '../../../lib/s3.ts'
import { undiciHandler } from '../../../lib/storage/undici-handler.ts'
import type { S3Server } from '../../support/servers/s3.ts'
import { sharedS3 } from '../../support/servers/shared.ts'

export const bucketOn = (server: S3Server, name: string, endpoint = server.endpoint): Bucket => ({
  name,
  region: server.region,
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  endpoint,
  forcePathStyle: true
})

/** What may send the requests of a store: a worker's, and the SDK's own. */
export const HANDLERS: Record<string, () => ReturnType<typeof undiciHandler> | undefined> = {
  undici: undiciHandler,
  'the SDK': () => undefined
}

/** A new bucket, object stores on it, and a client that has only the URL of an object. */
export async function bucketStore(t: Test, handler = HANDLERS.undici) {
  const server = await sharedS3(t)
  const name = await server.createBucket()
  const publicBaseUrl = server.publicUrl(name)
  const open = (t: Test, bucket = bucketOn(server, name), base: string | undefined = publicBaseUrl) => {
    const objects = new S3Store(bucket, { publicBaseUrl: base }, handler?.())
    t.teardown(() => objects.close())
    return objects
  }
  const read = async (url: string) => {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }
  return { server, name, publicBaseUrl, open, read }
}
