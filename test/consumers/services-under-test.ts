import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { ImageError } from '../../lib/image/error.ts'
import { buildTestApp } from '../support/app.ts'
import { startFaultyProxy } from '../support/http/faulty-proxy.ts'
import { owned } from '../support/owner.ts'
import { needsServices } from '../support/servers/needs.ts'
import { settingsOn } from '../support/servers/settings.ts'
import { services } from '../support/servers/shared.ts'

/** The service on one set of parts. */
export interface Setup {
  app: FastifyInstance
  /** Gets a finished image as a stranger does. */
  read(url: string): Promise<Buffer>
  /** Nothing can be stored from now on. */
  breakStorage(): Promise<void>
}

export type OpenSetup = (t: Test, variables?: Record<string, string>) => Promise<Setup>

/** Everything in this process. */
export const embedded: OpenSetup = async (t, variables = {}) => {
  const app = await buildTestApp(t, { ...DEFAULTS, ...variables })
  return {
    app,
    async read(url) {
      const { statusCode, rawPayload } = await app.inject(new URL(url).pathname)
      if (statusCode !== 200) throw new Error(`${statusCode}`)
      return rawPayload
    },
    async breakStorage() {
      app.objects.put = () =>
        Promise.reject(new ImageError('storage', 'The disk is full.', { transient: true }))
    }
  }
}

/** PostgreSQL, Redis, RabbitMQ and S3. */
export const real: OpenSetup = async (t, variables = {}) => {
  const servers = await services(t)
  if (!servers) throw new Error(`give this test ${needsServices}`)
  const proxy = owned(t, await startFaultyProxy(servers.s3.endpoint))
  const app = await buildTestApp(t, {
    ...DEFAULTS,
    ...(await settingsOn(servers)),
    AWS_ENDPOINT_URL_S3: proxy.url,
    ...variables
  })
  return {
    app,
    async read(url) {
      const response = await fetch(url)
      if (!response.ok) throw new Error(`${response.status}`)
      return Buffer.from(await response.arrayBuffer())
    },
    async breakStorage() {
      proxy.fault = 'refuse'
    }
  }
}

const DEFAULTS = {
  ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
  RETRY_BASE_MS: '1',
  MAX_ATTEMPTS: '3',
  MAX_SOURCE_BYTES: '1000000',
  MAX_SOURCE_PIXELS: '1000000'
}
