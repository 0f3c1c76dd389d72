import type { Variables } from './read-settings.ts'

const ADDRESS = /^(tcp|udp|sctp):\/\//

/**
 * Leaves out variables that Kubernetes adds for each service of the namespace, and Docker for each linked
 * container. For a service named redis, REDIS_PORT is tcp://10.0.0.11:6379; for a container named db, DB_NAME
 * is /web/db.
 */
export function withoutInjected(variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).filter(([name, value = '']) => {
      const isLink = value.startsWith('/') && ADDRESS.test(variables[name.replace(/_NAME$/, '_PORT')] ?? '')
      return !isLink && !ADDRESS.test(value)
    })
  )
}
