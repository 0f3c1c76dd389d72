import {
  DeleteObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException
} from '@aws-sdk/client-s3'
import type { Bucket } from './config/servers.ts'
import { ImageError } from './image/error.ts'
import { OBJECT_PREFIX, type ObjectStore, type StoredObject } from './storage/object-store.ts'

const REQUEST_TIMEOUT_MS = 15_000
/** An empty object that shows that the bucket can be written to. */
const WRITABLE = `${OBJECT_PREFIX}.writable`

/** Objects in S3, or in anything that speaks it. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #publicUrl: string

  /** `sockets`: uploads that may run at once. `publicBaseUrl`: what the URLs of the objects begin with, if not the bucket's own address. */
  constructor(
    bucket: Bucket,
    { sockets, publicBaseUrl }: { sockets: number; publicBaseUrl: string | undefined }
  ) {
    this.#bucket = bucket.name
    this.#publicUrl = (publicBaseUrl ?? bucketUrl(bucket)).replace(/\/+$/, '')
    this.#client = new S3Client({
      region: bucket.region,
      forcePathStyle: bucket.forcePathStyle,
      ...(bucket.credentials && { credentials: bucket.credentials }),
      // Other servers that speak S3 refuse the SDK's newer default checksums.
      ...(bucket.endpoint && {
        endpoint: bucket.endpoint,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED'
      }),
      // Else each request sorts its two dozen middlewares anew: a tenth of the CPU of an upload, half of its garbage.
      cacheMiddleware: true,
      // Without these a stalled request holds its image for ever.
      requestHandler: {
        connectionTimeout: 5000,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, maxSockets: sockets },
        httpsAgent: { keepAlive: true, maxSockets: sockets }
      },
      maxAttempts: 2
    })
  }

  async put(key: string, jpeg: Buffer, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    // Each upload has its own controller: two that share one hang each other when it aborts.
    const abortController = new AbortController()
    const abort = () => abortController.abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      const params = {
        Bucket: this.#bucket,
        Key: key,
        Body: jpeg,
        ContentType: 'image/jpeg',
        CacheControl: 'public, max-age=31536000, immutable'
      }
      // Loaded only where images are stored.
      const { Upload } = await import('@aws-sdk/lib-storage')
      await new Upload({ client: this.#client, params, queueSize: 2, abortController }).done()
    } catch (cause) {
      signal.throwIfAborted()
      throw new ImageError('storage', 'The image could not be stored; it is tried again.', {
        transient: true,
        cause
      })
    } finally {
      signal.removeEventListener('abort', abort)
    }
    return `${this.#publicUrl}/${key}`
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })
    await this.#client.send(command, signal && { abortSignal: signal })
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    for await (const page of paginateListObjectsV2(
      { client: this.#client },
      { Bucket: this.#bucket, Prefix: prefix }
    )) {
      for (const { Key, LastModified, Size } of page.Contents ?? []) {
        if (Key && LastModified) yield { key: Key, modified: LastModified, bytes: Size ?? 0 }
      }
    }
  }

  async ping(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }))
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 403) throw error
      // Whoever may write need not have the right to ask (s3:ListBucket).
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: WRITABLE, Body: '' }))
    }
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }
}

/** Not `Location` of the upload's answer: behind a proxy that names an inner address. */
function bucketUrl({ name, region, endpoint, forcePathStyle }: Bucket): string {
  if (!endpoint)
    return region === 'us-east-1'
      ? `https://${name}.s3.amazonaws.com`
      : `https://${name}.s3.${region}.amazonaws.com`
  if (forcePathStyle) return `${endpoint.replace(/\/+$/, '')}/${name}`
  const url = new URL(endpoint)
  return `${url.protocol}//${name}.${url.host}`
}
