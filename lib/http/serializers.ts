import {
  type Options,
  type Serializer,
  type SerializerFactory,
  SerializerSelector
} from '@fastify/fast-json-stringify-compiler'
import type { Later } from '../startup/lazy.ts'

const build = SerializerSelector()

/**
 * Option of Fastify: one serializer for each schema, not one for each reply of each route. Nearly all replies are the same
 * problems, and to compile a serializer for each was a sixth of a start, measured.
 */
export const serializers =
  (later: Later): SerializerFactory =>
  (schemas: unknown, options?: Options) => {
    const compile = build(schemas, options)
    const compiled = new Map<string, () => Serializer>()
    return (reply) => {
      const key = JSON.stringify(reply.schema)
      const serializer = compiled.get(key) ?? later(() => compile(reply))
      compiled.set(key, serializer)
      return (data) => serializer()(data)
    }
  }
