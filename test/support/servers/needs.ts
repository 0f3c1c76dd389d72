import { SERVERS, type ServerName } from './install.ts'

type Skip = { skip: string | false }

const none = process.env.TEST_SERVICES === 'none' && 'TEST_SERVICES=none leaves out what needs real servers'

/** Options for a test that uses shared servers: without them it is reported as skipped, and why. */
export const needsServices: Skip = { skip: none }

/** Options for a test that stops or kills these servers: skipped where a TEST_ variable names one of them. */
export function needsOwn(...servers: ServerName[]): Skip {
  const given = servers.map((name) => SERVERS[name].variable).find((variable) => process.env[variable])
  return { skip: none || (given !== undefined && `${given} names a server that is not ours to stop`) }
}
