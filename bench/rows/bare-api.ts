import type { Endpoint, Environment, Setup } from '../environment.ts'

/** The bare Fastify routes, on the same servers. */
export async function bareApi(
  environment: Environment,
  setup: Setup,
  stack: AsyncDisposableStack
): Promise<Endpoint> {
  const options = { databaseUrl: setup.databaseUrl, redisUrl: setup.redisUrl }
  const [process, { port }] = await environment.program<{ port: number }>(
    'bare Fastify',
    'bare-api.ts',
    options,
    stack
  )
  return { url: `http://127.0.0.1:${port}`, process }
}
