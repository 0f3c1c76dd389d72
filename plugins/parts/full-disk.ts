import fp from 'fastify-plugin'
import { FullDiskWarning } from '../../lib/startup/full-disk.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Of DATA_DIR, for the embedded parts that write there. */
    fullDisk: FullDiskWarning
  }
}

export default fp(
  async (app) => {
    app.decorate('fullDisk', new FullDiskWarning(app.log))
  },
  { name: 'full-disk' }
)
