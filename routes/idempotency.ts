import { Type } from '@sinclair/typebox'
import type { Caller } from '../lib/auth/caller.ts'
import type { IdempotencyKey } from '../lib/database/creator.ts'
import { prefer } from './prefer.ts'

/** A POST with this header can be sent again: for a day it gets the response of the first one. */
export const IdempotencyHeader = Type.Object({
  ...prefer,
  'idempotency-key': Type.Optional(
    Type.String({
      format: 'text',
      minLength: 1,
      maxLength: 255,
      description:
        'Any text that is new for each request. A request that is repeated within 24 hours gets the first ' +
        'response, and nothing is done twice'
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
