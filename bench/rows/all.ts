import type { Row } from '../row.ts'
import { row as backlog } from './backlog.ts'
import { kept, published } from './creates.ts'
import { drain, lifetime } from './drain.ts'
import { row as idle } from './idle.ts'
import { row as list } from './list.ts'
import { large, small } from './pipeline.ts'
import { row as quality } from './quality.ts'
import { cached, uncached } from './reads.ts'
import { row as scale } from './scale.ts'
import { row as start } from './start.ts'

export const ROWS: Row[] = [
  large,
  small,
  quality,
  published,
  kept,
  cached,
  uncached,
  idle,
  list,
  backlog,
  drain,
  lifetime,
  start,
  scale
]
