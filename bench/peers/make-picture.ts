import { S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import pg from 'pg'
import sharp from 'sharp'
import type { Picture, Servers } from './peer.ts'

// As the service sets them.
sharp.concurrency(1)
sharp.cache(false)

const BUCKET = 'bench'

/** Returns what a job does: download, fit into 800x600, store, and one UPDATE. */
export function pictureMaker({ databaseUrl }: Servers, endpoint: string) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 })
  pool.on('error', (error) => console.error(error))
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    // As the service sets it for endpoints of its own.
    requestChecksumCalculation: 'WHEN_REQUIRED'
  })
  return async ({ id, source_url }: Picture): Promise<void> => {
    const response = await fetch(source_url)
    if (!response.ok) throw new Error(`The origin responded with ${response.status}`)
    const { data, info } = await sharp(await response.arrayBuffer(), {
      autoOrient: true,
      failOn: 'warning'
    })
      .resize(800, 600, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'white' })
      .jpeg({ quality: 75, progressive: true })
      .toBuffer({ resolveWithObject: true })
    const Key = `pictures/${id}.jpg`
    const params = { Bucket: BUCKET, Key, Body: data, ContentType: 'image/jpeg' }
    await new Upload({ client, params }).done()
    await pool.query('UPDATE pictures SET url = $2, width = $3, height = $4 WHERE id = $1', [
      id,
      `${endpoint}/${BUCKET}/${Key}`,
      info.width,
      info.height
    ])
  }
}
