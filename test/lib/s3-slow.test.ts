import { createServer, type ServerResponse } from 'node:http'
import t from 'tap'
import { loadConfig } from '../../lib/config/config.ts'
import { S3Store } from '../../lib/s3.ts'
import { never } from '../support/downloader.ts'
import { listen } from '../support/http/listen.ts'
import { HANDLERS } from './storage/bucket.ts'

/** More than the SDK's own limit of 50. */
const PUTS = 120

for (const [by, handler] of Object.entries(HANDLERS)) {
  t.test(
    `every put reaches a slow store at once, and none waits for another one’s socket (${by})`,
    async (t) => {
      const waiting: ServerResponse[] = []
      const server = createServer((_, response) => {
        waiting.push(response)
        if (waiting.length === PUTS) for (const held of waiting) held.end()
      })
      await using listening = await listen(server)
      const { bucket } = loadConfig({
        AWS_BUCKET_NAME: 'pics',
        AWS_ACCESS_KEY: 'k',
        AWS_SECRET_KEY: 's',
        AWS_ENDPOINT_URL: listening.url
      })
      if (!bucket) throw new Error('A bucket is set')
      const objects = new S3Store(bucket, { publicBaseUrl: 'https://cdn.test' }, handler())
      t.teardown(() => objects.close())
      const keys = Array.from({ length: PUTS }, (_, at) => `products/${at}/a.jpg`)
      const urls = await Promise.all(keys.map((key) => objects.put(key, Buffer.from('a picture'), never)))
      t.strictSame(
        urls,
        keys.map((key) => `https://cdn.test/${key}`)
      )
    }
  )
}
