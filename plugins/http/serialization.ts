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
    // By the first use every component has been added.
    const compiler = lazy(() => SerializerSelector()(app.getSchemas()))
    const compiled = new Map<string, () => Serializer>()
    app.setSerializerCompiler(({ schema, method, url, httpStatus = '' }) => {
      const key = JSON.stringify(schema)
      const serializer = compiled.get(key) ?? lazy(() => compiler()({ schema, method, url, httpStatus }))
      compiled.set(key, serializer)
      return (data) => serializer()(data)
    })
  },
  { name: 'serialization', dependencies: ['openapi'] }
)
