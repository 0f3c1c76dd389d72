import { addAbortSignal, Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  type MultipartUpload,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
  S3ServiceException
} from '@aws-sdk/client-s3'
import type { Bucket } from './config/servers.ts'
import { BucketUrls, type UrlOptions } from './storage/bucket-urls.ts'
import { contentTypeOf, isOurs } from './storage/object-key.ts'
import {
  cacheControl,
  notStored,
  OBJECT_PREFIX,
  type ObjectStore,
  type OpenObject,
  ORIGINAL_PREFIX,
  type PresignedPut,
  type StoredObject,
  UPLOAD_TIMEOUT_MS
} from './storage/object-store.ts'
import { SDK_HANDLER } from './storage/sdk-handler.ts'

/** An empty object, stored to find out whether the bucket can be written to. */
const WRITABLE = `${OBJECT_PREFIX}.writable`

/** Objects in S3, or in anything that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #urls: BucketUrls
  readonly intake = { presign: (key: string, put: PresignedPut) => this.#urls.presignPut(key, put) }

  /** `requestHandler` sends the requests. Default: the SDK's own. */
  constructor(
    bucket: Bucket,
    options: UrlOptions,
    requestHandler: NonNullable<S3ClientConfig['requestHandler']> = SDK_HANDLER
  ) {
    this.#bucket = bucket.name
    this.#client = new S3Client({
      region: bucket.region,
      forcePathStyle: bucket.forcePathStyle,
      // Set explicitly, so that the endpoint follows from the bucket's settings alone and not from AWS_USE_….
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      ...(bucket.credentials && { credentials: bucket.credentials }),
      // Other servers that speak S3 refuse the SDK's newer default checksums.
      ...(bucket.endpoint && {
        endpoint: bucket.endpoint,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED'
      }),
      // Otherwise each request sorts its two dozen middlewares anew: a tenth of an upload's CPU, half of its
      // garbage.
      cacheMiddleware: true,
      requestHandler,
      maxAttempts: 2
    })
    // Nobody reads its log, for which it copies what is sent and received.
    this.#client.middlewareStack.remove('loggerMiddleware')
    const { region, credentials } = bucket
    const address = bucketUrl(this.#client, bucket)
    const currentCredentials = () => this.#client.config.credentials()
    this.#urls = new BucketUrls({ address, region, credentials, currentCredentials }, options)
  }

  addressOf(key: string): string {
    return this.#urls.addressOf(key)
  }

  urlOf(key: string): string {
    return this.#urls.urlOf(key)
  }

  async put(key: string, bytes: Buffer, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    // Each upload has its own controller: if two uploads share one, an abort leaves one hanging.
    const abortController = new AbortController()
    const abort = () => abortController.abort()
    signal.addEventListener('abort', abort, { once: true })
    const timer = setTimeout(abort, UPLOAD_TIMEOUT_MS)
    try {
      const params = {
        Bucket: this.#bucket,
        Key: key,
        Body: bytes,
        ContentType: contentTypeOf(key),
        CacheControl: cacheControl(this.#urls.areSigned || !key.startsWith(OBJECT_PREFIX))
      }
      // Imported here because only workers need it.
      const { Upload } = await import('@aws-sdk/lib-storage')
      await new Upload({ client: this.#client, params, queueSize: 2, abortController }).done()
    } catch (cause) {
      signal.throwIfAborted()
      throw notStored(cause)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    return this.addressOf(key)
  }

  async open(key: string, signal: AbortSignal): Promise<OpenObject | null> {
    try {
      const { Body, ContentLength = Number.NaN } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
        { abortSignal: signal }
      )
      if (!(Body instanceof Readable)) throw new Error('The response has no body')
      if (signal.aborted) Body.destroy()
      signal.throwIfAborted()
      return { bytes: ContentLength, body: addAbortSignal(signal, Body) }
    } catch (error) {
      if (error instanceof NoSuchKey) return null
      throw error
    }
  }

  /** Without the right to list them, which few policies give, a lifecycle rule of the bucket has to do it. */
  async removeUnfinished(before: Date): Promise<void> {
    for (const prefix of [OBJECT_PREFIX, ORIGINAL_PREFIX]) await this.#removeUnfinished(prefix, before)
  }

  async #removeUnfinished(prefix: string, before: Date): Promise<void> {
    const bucket = { Bucket: this.#bucket }
    const { Uploads = [] } = await this.#client
      .send(new ListMultipartUploadsCommand({ ...bucket, Prefix: prefix }))
      .catch(nothingIfRefused)
    for (const { Key, UploadId, Initiated } of Uploads) {
      if (Key && UploadId && Initiated && Initiated < before && isOurs(Key))
        await this.#client.send(new AbortMultipartUploadCommand({ ...bucket, Key, UploadId }))
    }
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })
    await this.#client.send(command, signal && { abortSignal: signal })
  }

  async *list(prefix: string, after = ''): AsyncIterable<StoredObject> {
    for await (const page of paginateListObjectsV2(
      { client: this.#client },
      { Bucket: this.#bucket, Prefix: prefix, StartAfter: after }
    )) {
      for (const { Key, LastModified, Size } of page.Contents ?? []) {
        if (Key && LastModified) yield { key: Key, modified: LastModified, bytes: Size ?? 0 }
      }
    }
  }

  async ping(): Promise<void> {
    await this.#urls.ready()
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }))
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 403) throw error
      // HeadBucket needs s3:ListBucket, which credentials that may write need not have.
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: WRITABLE, Body: '' }))
    }
  }

  async close(): Promise<void> {
    this.#urls.close()
    this.#client.destroy()
  }
}

function nothingIfRefused(error: unknown): { Uploads?: MultipartUpload[] } {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  if (status === 403 || status === 501) return {}
  throw error
}

/**
 * Returns the bucket's address as the SDK itself resolves it for this client: it knows the partitions'
 * domains and which bucket names fit into a host name. The `Location` of an upload's response would name a
 * proxy's inner address.
 */
function bucketUrl({ config }: S3Client, { name, region, endpoint, forcePathStyle }: Bucket): string {
  return config.endpointProvider({
    Bucket: name,
    Region: region,
    ForcePathStyle: forcePathStyle,
    ...(endpoint && { Endpoint: endpoint })
  }).url.href
}
