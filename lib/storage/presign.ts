import { createHmac, hash } from 'node:crypto'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

export interface PresignRequest {
  method: 'GET' | 'PUT'
  url: URL
  /** Headers that the request must have, by their names in lower case. */
  headers?: Record<string, string>
  region: string
  credentials: Credentials
  date: Date
  expiresInS: number
}

/**
 * Returns a URL that permits one kind of request to S3 (AWS Signature Version 4). Not
 * @aws-sdk/s3-request-presigner: it takes 2.3 ms a URL, or 0.2 ms without its middlewares, and a list has
 * thousands.
 */
export function presign(request: PresignRequest): string {
  const { method, url, region, credentials, date, expiresInS } = request
  const headers: Record<string, string> = { host: url.host, ...request.headers }
  const names = Object.keys(headers).sort()
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  const query = queryOf({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresInS),
    ...(credentials.sessionToken && { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': names.join(';')
  })
  const lines = names.map((name) => `${name}:${headers[name]}`)
  const canonical = [method, url.pathname, query, ...lines, '', names.join(';'), 'UNSIGNED-PAYLOAD']
  const text = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical.join('\n'), 'hex')].join('\n')
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`
}

/** In the order of the names, as the signature wants them. */
const queryOf = (parameters: Record<string, string>) =>
  Object.entries(parameters)
    .map((parameter) => parameter.map(encodeURIComponent).join('='))
    .join('&')
