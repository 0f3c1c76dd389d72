import type { Module } from './module.ts'

const LATE_OUTCOMES = 'test/lib/pipeline/late-outcomes.test.ts'
const LEFTOVERS = 'test/lib/pipeline/leftovers.test.ts'

/** How products and their images change. */
export const PRODUCTS: Module[] = [
  {
    file: 'lib/products/changes.ts',
    test: 'test/lib/products/outcomes.test.ts',
    mutants: {
      'an outcome of an earlier generation is taken': [
        'const attempt = byRow.get(',
        'const attempt = attempts.find(({ image }) => image.id === row.id) ?? byRow.get('
      ],
      'an outcome is taken by a finished image': ["attempt && row.status === 'pending'", 'attempt'],
      'an interrupted image has used an attempt': [
        'return { ...row, wait_ms: outcome.wait_ms }',
        'return { ...tried, wait_ms: outcome.wait_ms }'
      ]
    }
  },
  {
    file: 'lib/products/statements.ts',
    test: LATE_OUTCOMES,
    mutants: {
      'a change is written over a later version': [' WHERE p.version = c.version', ''],
      'an outcome leaves the generation': ['generation = i.generation + 1', 'generation = i.generation']
    }
  },
  {
    file: 'lib/products/statements.ts',
    test: 'test/lib/products/sweep.test.ts',
    mutants: {
      'the sweep enqueues what is due already': [
        "AND NOT EXISTS (SELECT FROM outbox o WHERE o.product_id = i.product_id AND o.kind = 'images')",
        ''
      ],
      'the sweep finds nothing': ["WHERE status = 'pending' AND due_at <", 'WHERE false AND due_at <']
    }
  },
  {
    file: 'lib/products/background.ts',
    test: LEFTOVERS,
    mutants: {
      'what a killed worker stored stays': [
        'const removals = redelivered\n',
        'const removals = redelivered && !redelivered\n'
      ]
    }
  },
  {
    file: 'lib/products/removals.ts',
    test: 'test/lib/products/removals.test.ts',
    mutants: {
      'an object is removed once': [
        'return [...named, leftoversOf(productId, leftoversWaitMs(jobTimeoutMs))]',
        'return named'
      ]
    }
  },
  {
    file: 'lib/products/removals.ts',
    test: LEFTOVERS,
    mutants: {
      'an upload that was given up is removed before it can be late': [
        'leftoversOf(productId, LONGEST_UPLOAD_MS)',
        'leftoversOf(productId, 0)'
      ]
    }
  },
  {
    file: 'lib/products/watch.ts',
    test: 'test/lib/products/watch.test.ts',
    mutants: {
      'a change during the read of an event stream is missed': [
        'changed = new AbortController()\n      const product = await (hasChanged ? products.readChanged(id) : products.read(id))',
        'const product = await (hasChanged ? products.readChanged(id) : products.read(id))\n      changed = new AbortController()'
      ]
    }
  },
  {
    file: 'lib/storage/object-key.ts',
    test: 'test/lib/storage/orphan-sweep.test.ts',
    mutants: {
      'a key of another program is ours': [
        'isOwnKey(key) || GO_KEY.test(key)',
        'key.startsWith(OBJECT_PREFIX)'
      ]
    }
  },
  {
    file: 'lib/products/name-search.ts',
    test: 'test/routes/products/list-names.test.ts',
    mutants: {
      'a name is found in one composition only': ["[text.normalize('NFC'), text.normalize('NFD')]", '[text]']
    }
  },
  {
    file: 'lib/storage/object-key.ts',
    test: LATE_OUTCOMES,
    mutants: {
      'a key does not name its bytes': ["hash('sha256', bytes, 'hex')", "hash('sha256', '', 'hex')"]
    }
  },
  {
    file: 'lib/database/creation.ts',
    test: 'test/routes/idempotency.test.ts',
    mutants: {
      'a key is not remembered': ['USING (n) WHERE key IS NOT NULL', 'USING (n) WHERE false'],
      'a key creates while its first request runs': [
        "pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', current_schema(), caller, key), 0)) AS free",
        'true AS free'
      ],
      'a key stands for any request': ["k.fingerprint = decode(r.fingerprint, 'hex') AS same", 'true AS same']
    }
  },
  {
    file: 'lib/database/creator.ts',
    test: 'test/lib/products/create.test.ts',
    mutants: {
      'a refused create refuses those beside it': ['if (requests.length === 1) throw error', 'throw error'],
      'a create is acknowledged before its commit': [
        'const { rows } = await this.#pool.query<Attempt<C>>(statement)',
        `const client = await this.#pool.connect()
    await client.query('BEGIN')
    const { rows } = await client.query<Attempt<C>>(statement)
    setTimeout(() => void client.query('COMMIT').finally(() => client.release()), 100)`
      ]
    }
  },
  {
    file: 'lib/database/creation.ts',
    test: 'test/lib/products/create.test.ts',
    mutants: {
      'a create gets the id of another one': ['(ORDER BY id) AS nth', '(ORDER BY id DESC) AS nth']
    }
  }
]
