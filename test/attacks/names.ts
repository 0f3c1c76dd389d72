// Preloaded into the service: names of the attacker lead to one address, all others to another.
import { Resolver } from 'node:dns/promises'
import { mock } from 'node:test'
import { ATTACKER, SHOP } from './origins.ts'

mock.method(Resolver.prototype, 'resolve4', async (name: string) => [
  name.endsWith('.attacker.test') ? ATTACKER : SHOP
])
mock.method(Resolver.prototype, 'resolve6', async () => [])
