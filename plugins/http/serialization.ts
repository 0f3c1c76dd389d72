import { type Serializer, SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import fp from 'fastify-plugin'
import { lazyFor } from './lazy.ts'

/**
 * One serializer for each schema instead of one for each reply of each route. Nearly all replies are the same
 * problems: a serializer for each took a sixth of a start.
 */
export default fp(
  async (app) => {
    const lazy = lazyFor(app)
    const select = SerializerSelector()
    // A compiler checks all its components for each serializer. Most need none: the first response came 9 ms
    // sooner without them.
    const plain = select({})
    // By the first use every component has been added.
    const withComponents = lazy(() => select(app.getSchemas()))
    const compiled = new Map<string, () => Serializer>()
    app.setSerializerCompiler(({ schema, method, url, httpStatus = '' }) => {
      const key = JSON.stringify(schema)
      const compile = (): Serializer =>
        (key.includes('"$ref"') ? withComponents() : plain)({ schema, method, url, httpStatus })
      const serializer = compiled.get(key) ?? lazy(compile)
      compiled.set(key, serializer)
      return (data) => serializer()(data)
    })
  },
  { name: 'serialization', dependencies: ['openapi'] }
)
