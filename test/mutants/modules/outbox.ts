import type { Module } from './module.ts'

/** How work is claimed and leased. */
export const OUTBOX: Module[] = [
  {
    file: 'sql/021.do.due.sql',
    test: 'test/lib/outbox/outbox.test.ts',
    mutants: {
      'a lost claim deletes its row': [' AND o.claims = $2[array_position($1, o.id)]', '']
    }
  },
  {
    file: 'lib/outbox/outbox.ts',
    test: 'test/lib/outbox/outbox.test.ts',
    mutants: {
      'a lost claim renews its row': [
        'WHERE o.id = c.id AND o.claims = c.claims`,\n      [...columns',
        'WHERE o.id = c.id`,\n      [...columns'
      ],
      'a lost claim releases its row': [
        'claims = o.claims - 1\n       FROM unnest($1::bigint[], $2::integer[]) AS c (id, claims)\n       WHERE o.id = c.id AND o.claims = c.claims`',
        'claims = o.claims - 1\n       FROM unnest($1::bigint[], $2::integer[]) AS c (id, claims)\n       WHERE o.id = c.id`'
      ]
    }
  },
  {
    file: 'lib/outbox/outbox.ts',
    test: 'test/lib/outbox/claim.test.ts',
    mutants: {
      'each claim begins with the same user': ['this.#lastUsers.set(kind,', 'void (0, '],
      'bulk work is starved': ['Math.floor(limit * BULK_SHARE + Math.random())', '0']
    }
  },
  {
    file: 'lib/outbox/leases.ts',
    test: 'test/lib/outbox/leases.test.ts',
    mutants: {
      'leases are not renewed': ['setInterval(() => this.#renew(),', 'setInterval(() => undefined,']
    }
  },
  {
    file: 'lib/outbox/dispatcher.ts',
    test: 'test/lib/outbox/draining.test.ts',
    mutants: {
      'aborted work has failed': [
        'signal.aborted ? this.#leases.release(row) : this.#failed(row, error)',
        'this.#failed(row, error)'
      ]
    }
  }
]
