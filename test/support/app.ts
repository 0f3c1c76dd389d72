import { EventEmitter, once } from 'node:events'
import { cp, rm } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import type { ServerOptions } from '../../lib/http/server-options.ts'
import { type ProductRecord, toProduct } from '../../lib/products/record.ts'
import type { Owner } from './owner.ts'
import { createFolder } from './servers/guard.ts'
import { startedFolder } from './template.ts'

/**
 * The service, ready for inject, on a folder of its own; on embedded parts unless the variables name
 * servers. When the test ends it is closed and its folder removed. A start takes 0.3 s: one for a file of
 * tests is better than one a test.
 */
export async function buildTestApp(
  t: Owner,
  variables: Record<string, string> = {},
  options: ServerOptions = {}
): Promise<FastifyInstance> {
  const DATA_DIR = createFolder('data')
  const closing: (() => Promise<unknown>)[] = [() => rm(DATA_DIR, { recursive: true, force: true })]
  t.teardown(async () => {
    for (const close of closing.reverse()) await close()
  })
  // A worker that still waits for a silent origin is not waited for.
  const config = loadConfig({ DATA_DIR, LOG_LEVEL: 'silent', SHUTDOWN_GRACE_MS: '100', ...variables })
  if (!config.database && !variables.DATA_DIR) await cp(await startedFolder(), DATA_DIR, { recursive: true })
  const app = await buildApp(config, options)
  closing.push(() => app.close())
  await app.ready()
  return app
}

/**
 * Resolves with the product when none of its images is pending. Each change of a product wakes the outbox.
 */
export async function settled({ products, outbox }: FastifyInstance, id: number): Promise<ProductRecord> {
  for (;;) {
    const changed = once(outbox.events, 'due')
    const record = await products.load(id)
    if (!record) throw new Error(`There is no product ${id}`)
    if (toProduct(record).image_status !== 'pending') return record
    await changed
  }
}

/** A stream for `options.logger`, that emits each entry under its message. */
export class LogStream extends EventEmitter {
  readonly entries: Record<string, unknown>[] = []

  write(line: string): void {
    const entry = JSON.parse(line)
    this.entries.push(entry)
    this.emit(entry.msg, entry)
  }
}
