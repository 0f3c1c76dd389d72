import type { MissingObject } from '../lib/storage/missing.ts'

/** Prints objects that rows name but the store lacks. The command then ends with exit code 1. */
export function reportLost(lost: MissingObject[]): void {
  if (lost.length === 0) return
  process.exitCode = 1
  for (const { kind, key, product_id } of lost)
    console.error(`Lost: the ${kind} ${key} of product ${product_id}`)
  console.error(`Lost objects: ${lost.length}. Take them from an older backup, or send these images again.`)
}

/** Prints uploads without bytes. That is no fault: a client may still send them, or never. */
export function reportUnsent(keys: string[]): void {
  if (keys.length > 0) console.log(`Uploads that were not sent: ${keys.length} (${keys.join(', ')})`)
}
