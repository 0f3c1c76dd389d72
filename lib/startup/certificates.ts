const CURES = new Map([
  ['CERT_HAS_EXPIRED', 'Renew the certificate of the server.'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'Use the host name that the certificate was issued for.']
])

const UNKNOWN_AUTHORITY = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
]

const TRUST =
  'Set NODE_EXTRA_CA_CERTS, in the environment and not in .env, to a file with the certificate of its authority.'

/** Returns what to change if the error rejects a server's certificate, null otherwise. */
export function cureOfCertificate(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return UNKNOWN_AUTHORITY.includes(code) ? TRUST : (CURES.get(code) ?? null)
}
