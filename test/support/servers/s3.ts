import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
  S3ServiceException
} from '@aws-sdk/client-s3'
import { ensureInstalled } from './install.ts'
import { SWIFT, startSwift } from './swift.ts'

/** All that another process needs to use the same store. */
export type S3Address = {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** `${publicBase}/${bucket}/${key}` can be read by anybody. */
  publicBase: string
}

export type S3Server = S3Address & {
  client: S3Client
  /** Creates a bucket that anybody can read, by default under a name of its own, and returns its name. */
  createBucket(name?: string): Promise<string>
  /** What to put before `/${key}` to read as a stranger does: fit for PUBLIC_BASE_URL. */
  publicUrl(bucket: string): string
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A store of one's own, or the one in TEST_S3_ENDPOINT. */
export async function startS3(): Promise<S3Server> {
  const given = givenAddress()
  if (given) return useS3(given)

  await ensureInstalled('s3')
  const swift = await startSwift()
  const { publicPath, ...keys } = SWIFT
  const publicBase = swift.origin + publicPath
  const server = useS3({ endpoint: swift.origin, region: 'us-east-1', publicBase, ...keys })
  const stop = async () => {
    server.client.destroy()
    await swift.stop()
  }
  return { ...server, stop, [Symbol.asyncDispose]: stop }
}

/** A store that runs already. Its stop() removes the buckets that were created through it. */
export function useS3(address: S3Address): S3Server {
  const { endpoint, region, accessKeyId, secretAccessKey, publicBase } = address
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey }
  })
  const created: string[] = []
  const stop = async () => {
    for (const bucket of created.splice(0)) await removeBucket(client, bucket)
    client.destroy()
  }
  return {
    ...address,
    client,
    async createBucket(name = `test-${randomUUID()}`) {
      await client.send(new CreateBucketCommand({ Bucket: name, ACL: 'public-read' }))
      created.push(name)
      await allowReading(client, name)
      return name
    },
    publicUrl: (bucket) => `${publicBase}/${bucket}`,
    stop,
    [Symbol.asyncDispose]: stop
  }
}

function givenAddress(): S3Address | undefined {
  const { TEST_S3_ENDPOINT, TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY } = process.env
  if (!TEST_S3_ENDPOINT) return undefined
  if (!TEST_S3_ACCESS_KEY || !TEST_S3_SECRET_KEY)
    throw new Error('TEST_S3_ENDPOINT is set: set TEST_S3_ACCESS_KEY and TEST_S3_SECRET_KEY too')
  const endpoint = TEST_S3_ENDPOINT.replace(/\/$/, '')
  return {
    endpoint,
    region: 'us-east-1',
    accessKeyId: TEST_S3_ACCESS_KEY,
    secretAccessKey: TEST_S3_SECRET_KEY,
    publicBase: endpoint
  }
}

/** Swift heeds the bucket's ACL and knows no policies, MinIO the other way round. */
async function allowReading(client: S3Client, bucket: string): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${bucket}/*`
  }
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  try {
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy }))
  } catch (error) {
    if (!(error instanceof S3ServiceException && error.name === 'NotImplemented')) throw error
  }
}

async function removeBucket(client: S3Client, bucket: string): Promise<void> {
  const { Contents = [], IsTruncated } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
  for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
  if (IsTruncated) return removeBucket(client, bucket)
  await client.send(new DeleteBucketCommand({ Bucket: bucket }))
}
