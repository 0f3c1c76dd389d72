import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Config } from '../lib/config/config.ts'

/** Adds the routes of one operation. Their handlers get the types of their schemas. */
export type Operation = (app: Parameters<FastifyPluginAsyncTypebox>[0], config: Config) => void
