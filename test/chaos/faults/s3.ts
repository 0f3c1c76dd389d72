import type { Fault as HttpFault } from '../../support/http/faulty-proxy.ts'
import type { Fault, Faults, System } from './fault.ts'

export const s3Faults: Faults = {
  's3-refuse': s3(() => () => 'refuse'),
  's3-cut': s3(
    ({ random }) =>
      () =>
        random() < 0.5 ? 'reset' : 'lose'
  ),
  's3-deny': s3(() => (method) => (method === 'PUT' ? 'deny' : 'none')),
  's3-late': s3(() => (method) => (method === 'PUT' ? 'delay' : 'none'))
}

function s3(faultFor: (system: System) => (method: string) => HttpFault): Fault {
  return {
    lane: 'servers',
    lastsMs: 4000,
    async start(system) {
      const { s3Proxy } = system.servers
      s3Proxy.fault = faultFor(system)
      return async () => {
        s3Proxy.fault = 'none'
      }
    }
  }
}
