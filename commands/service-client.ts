import { readFile } from 'node:fs/promises'
import { type Client, createClient } from '../client/src/index.ts'
import { fetchOrThrow } from '../client/src/problem-error.ts'
import type { Config } from '../lib/config/config.ts'
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

/** Resolves with a client of the service at `--url`, by default the one that the settings would start. */
export async function clientOf(options: Connection, { server, serviceKey }: Config): Promise<Client> {
  const keyFile = options['key-file']
  const key = keyFile === undefined ? serviceKey : await readable(keyFile, readFile(keyFile, 'utf8'))
  const baseUrl = (options.url ?? `http://${server.host}:${server.port}`).replace(/\/$/, '')
  await fetch(`${baseUrl}/health/live`).catch((error: unknown) => {
    throw unreachable(baseUrl, error)
  })
  return createClient({
    baseUrl,
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

function unreachable(url: string, error: unknown): StartError {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return new StartError(`No service responds at ${url}: ${reasonOf(cause)}. Name its address with --url.`)
}
