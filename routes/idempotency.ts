import { Type } from '@sinclair/typebox'
import type { Caller } from '../lib/auth/caller.ts'
import type { IdempotencyKey } from '../lib/database/idempotency.ts'

/** A POST that carries it can be sent again: for a day it gets the answer that the first one got. */
export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      format: 'text',
      minLength: 1,
      maxLength: 255,
      description:
        'Any text that is new for each request. Sent again within 24 hours, the request is not done again but answered again.'
    })
  )
})

interface Keyed {
  caller: Caller
  headers: { 'idempotency-key'?: string }
}

export function idempotencyKey({ caller, headers }: Keyed): IdempotencyKey | undefined {
  const key = headers['idempotency-key']
  return key === undefined ? undefined : { caller: caller.name, key }
}
