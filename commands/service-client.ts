import { readFile } from 'node:fs/promises'
import { type Client, createClient } from '../client/src/index.ts'
import { fetchOrThrow, ProblemError, problemOf } from '../client/src/problem-error.ts'
import type { Config } from '../lib/config/config.ts'
import { localUrl } from '../lib/http/own-url.ts'
import { reasonOf } from '../lib/log/log.ts'
import { StartError } from '../lib/startup/wait-for-server.ts'
import { UsageError } from './arguments.ts'

/** How a command reaches a service. */
export const CONNECTION_OPTIONS = {
  url: { type: 'string' },
  'key-file': { type: 'string' }
} as const

interface Connection {
  url?: string | undefined
  'key-file'?: string | undefined
}

/** The address of the service that the settings would start. */
export const addressOf = ({ server }: Config) => localUrl(server.host, server.port)

/** Resolves with a client of the service at `--url`, by default the one that the settings would start. */
export async function clientOf(options: Connection, config: Config): Promise<Client> {
  const keyFile = options['key-file']
  const key = keyFile === undefined ? config.serviceKey : await readable(keyFile, readFile(keyFile, 'utf8'))
  const { url = addressOf(config) } = options
  if (!/^https?:\/\//i.test(url))
    throw new UsageError(`--url must begin with http:// or https://, as in http://${url}`)
  const baseUrl = url.replace(/\/$/, '')
  await fetch(`${baseUrl}/health/live`).catch((error: unknown) => {
    throw unreachable(baseUrl, error)
  })
  return createClient({
    baseUrl,
    fetch: fetchWithKeyAdvice,
    ...(key && { auth: key.trim() })
  })
}

/** As `clientOf`, with a client whose calls throw a ProblemError if the service refuses them. */
export async function throwingClientOf(options: Connection, config: Config): Promise<Client> {
  const client = await clientOf(options, config)
  client.setConfig({ fetch: fetchOrThrow(client) })
  return client
}

/** Rejects with a UsageError if the file cannot be read. */
export async function readable<T>(file: string, reading: Promise<T>): Promise<T> {
  return await reading.catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}`)
  })
}

/** fetch, which throws a ProblemError that names what sends a key if the service requires another one. */
const fetchWithKeyAdvice: typeof fetch = async (...request) => {
  const response = await fetch(...request)
  if (response.status !== 401) return response
  const problem = await problemOf(response)
  const advice = 'Set ASYNCPROD_KEY to the key, or name a file that holds it with --key-file.'
  throw new ProblemError({ ...problem, detail: `${problem.detail} ${advice}` })
}

function unreachable(url: string, error: unknown): StartError {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return new StartError(
    `No service responds at ${url}: ${reasonOf(cause)}. Start it, or name its address with --url.`
  )
}
