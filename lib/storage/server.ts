import { cureOfCertificate } from '../startup/certificates.ts'
import type { Server } from '../startup/wait-for-server.ts'

export const OBJECT_STORE: Server = {
  name: 'The object store',
  settings: 'AWS_BUCKET_NAME (with its region, keys and endpoint)',
  cureOf
}

const CREDENTIALS = 'Set the right AWS_ACCESS_KEY and AWS_SECRET_KEY.'
const REGION = 'Set AWS_REGION to the region of the bucket.'

/** By the error's name, as S3 and the SDK give it. */
const BY_NAME = new Map([
  ['InvalidAccessKeyId', CREDENTIALS],
  ['SignatureDoesNotMatch', CREDENTIALS],
  ['CredentialsProviderError', CREDENTIALS],
  ['AuthorizationHeaderMalformed', REGION],
  ['PermanentRedirect', REGION]
])

/** By HTTP status: responses without a body have no other name. */
const BY_STATUS = new Map([
  [301, REGION],
  [401, CREDENTIALS],
  [
    403,
    'Grant s3:PutObject and s3:DeleteObject on the bucket AWS_BUCKET_NAME, ' +
      'or set other AWS_ACCESS_KEY and AWS_SECRET_KEY.'
  ],
  [404, 'Create the bucket, or set the name of another one in AWS_BUCKET_NAME.']
])

function cureOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  return cureOfCertificate(error) ?? BY_NAME.get(error.name) ?? BY_STATUS.get(statusOf(error)) ?? null
}

function statusOf(error: Error): number {
  if (!('$metadata' in error) || !(error.$metadata instanceof Object)) return 0
  return 'httpStatusCode' in error.$metadata ? Number(error.$metadata.httpStatusCode) : 0
}
