import type { Owner } from './owner.ts'
import { needsServices } from './servers/needs.ts'
import { settingsOn } from './servers/settings.ts'
import { services } from './servers/shared.ts'
import type { Settings } from './service.ts'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** The setting that leads to each server. */
const URLS = {
  postgres: 'DATABASE_URL',
  redis: 'REDIS_URL',
  rabbitmq: 'RABBITMQ_URL',
  s3: 'AWS_ENDPOINT_URL_S3'
}
export type LinkName = keyof typeof URLS

/** The connections of one process to its four servers, each through a proxy of its own. */
export type Links = Record<LinkName, TcpProxy>

/** Proxies for the servers of these settings, closed at first, and the settings that lead through them. */
export async function linksTo(settings: Settings): Promise<{ links: Links; settings: Settings }> {
  const link = (name: LinkName) => createTcpProxy(settings[URLS[name]] ?? '')
  const links = {
    postgres: await link('postgres'),
    redis: await link('redis'),
    rabbitmq: await link('rabbitmq'),
    s3: await link('s3')
  }
  return {
    links,
    settings: {
      ...settings,
      [URLS.postgres]: links.postgres.url,
      [URLS.redis]: links.redis.url,
      [URLS.rabbitmq]: links.rabbitmq.url,
      [URLS.s3]: links.s3.url
    }
  }
}

/** For a test: settings of a service on the shared servers, and its links to them. */
export async function linkedServers(t: Owner): Promise<{ links: Links; settings: Settings }> {
  const servers = await services(t)
  if (!servers) throw new Error(`give this test ${needsServices}`)
  const linked = await linksTo(await settingsOn(servers))
  for (const link of Object.values(linked.links)) t.teardown(link.close)
  const { settings } = linked
  return {
    links: linked.links,
    settings: {
      ...settings,
      ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
      RETRY_BASE_MS: '200',
      MAX_ATTEMPTS: '100'
    }
  }
}
