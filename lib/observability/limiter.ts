import type { Limiter } from '../pipeline/limiter.ts'
import type { Readings } from './readings.ts'

/** Reads what the limiter of this process does. No label names an origin: their number is not bounded. */
export function addLimiterReadings(readings: Readings, limiter: Pick<Limiter, 'figures'>): void {
  readings.add({
    name: 'asyncprod_origin_breakers',
    help: 'Origins of the last ten minutes by the state of their circuit breaker',
    labelNames: ['state'],
    read: async () => samples(limiter.figures().breakers)
  })
  readings.add({
    name: 'asyncprod_places',
    help: 'Places for images by use: downloads from healthy and from troubled origins, the rest of the work, none',
    labelNames: ['state'],
    read: async () => samples(limiter.figures().places)
  })
}

const samples = (figures: Record<string, number>) =>
  Object.entries(figures).map(([state, value]) => ({ labels: { state }, value }))
