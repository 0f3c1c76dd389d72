import type { Test } from 'tap'
import { createResolver } from '../../../lib/egress/resolver.ts'
import { downloader, type FailedImage, INSIDE, serve } from '../../support/downloader.ts'
import { type Records, startNameServer } from '../../support/http/name-server.ts'

/** The same words for every refusal: nothing about the inside can be read from them. */
export const BLOCKED: FailedImage = {
  code: 'blocked_address',
  message:
    'The URL leads to an address that is not allowed. Use an http or https URL that anyone on the internet can open.',
  transient: false,
  retryAfterMs: undefined
}
export const PICTURE = Buffer.from('picture')

/** A server inside, that nobody may ever reach. */
export const canary = (t: Test) => serve(t, (_request, response) => response.end('secret'), INSIDE)
export const picture = (t: Test, host?: string, port?: number) =>
  serve(t, (_request, response) => response.end('picture'), host, port)

/** A downloader that asks a name server of ours. */
export async function withNames(t: Test, zone: Record<string, Records>) {
  const names = await startNameServer(t, zone)
  return { ...downloader(t, { resolve: createResolver([names.address]) }), questions: names.questions }
}
