import type { Row } from '../row.ts'
import { row as backlog } from './backlog.ts'
import { consumed, kept, published, single } from './creates.ts'
import { drain, lifetime } from './drain.ts'
import { row as idle } from './idle.ts'
import { row as list } from './list.ts'
import { row as memoryApi } from './memory-api.ts'
import { PEER_ROWS } from './peers.ts'
import { large, oneRendition, small, threeRenditions } from './pipeline.ts'
import { row as quality } from './quality.ts'
import { cached, uncached } from './reads.ts'
import { row as scale } from './scale.ts'
import { row as start } from './start.ts'

const BARE: Row[] = [
  large,
  small,
  oneRendition,
  threeRenditions,
  quality,
  published,
  consumed,
  kept,
  single,
  cached,
  uncached,
  idle,
  list,
  backlog,
  drain,
  lifetime,
  memoryApi,
  start,
  scale
]

/** The rows against the bare libraries, or those against other job queues. */
export const rowsOf = (peers: boolean) => (peers ? PEER_ROWS : BARE)
