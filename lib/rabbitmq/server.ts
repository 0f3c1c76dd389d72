import { cureOfCertificate } from '../startup/certificates.ts'
import type { Server } from '../startup/wait-for-server.ts'

export const RABBITMQ: Server = { name: 'RabbitMQ', settings: 'RABBITMQ_URL', cureOf }

/** What RabbitMQ says of a login, of a virtual host and of rights that waiting does not change. */
const CURES: [RegExp, string][] = [
  [/ACCESS.REFUSED.*Login was refused/s, 'Set the right user and password in RABBITMQ_URL.'],
  [
    // amqplib says of a refused virtual host only what it expected instead.
    /access to vhost|vhost .* not found|Expected ConnectionOpenOk/s,
    'Create the virtual host, or set another one in RABBITMQ_URL: it follows the last slash, encoded (%2F for /).'
  ],
  [
    /ACCESS.REFUSED/,
    'Grant the user in RABBITMQ_URL read and write on the image queue and its dead letters, ' +
      'and configure to declare them.'
  ]
]

function cureOf(error: unknown): string | null {
  const certificate = cureOfCertificate(error)
  if (certificate || !(error instanceof Error)) return certificate
  return CURES.find(([pattern]) => pattern.test(error.message))?.[1] ?? null
}
