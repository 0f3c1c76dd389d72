import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { create } from './create.ts'
import { remove } from './delete.ts'
import { events } from './events.ts'
import { exportLines } from './export.ts'
import { importLines } from './import.ts'
import { list } from './list.ts'
import { read } from './read.ts'
import { replace } from './replace.ts'
import { reprocess } from './reprocess.ts'
import { upsert } from './upsert.ts'

const OPERATIONS = [create, read, list, replace, upsert, remove, reprocess, events, importLines, exportLines]

const routes: FastifyPluginAsync<{ config: Config }> = async (app, { config }) => {
  for (const operation of OPERATIONS) operation(app, config)
}

export default routes
