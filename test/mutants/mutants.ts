/** One mechanism taken away, and the test that has to notice. */
export interface Mutant {
  name: string
  file: string
  /** Text that the file contains once, and what replaces it. */
  from: string
  to: string
  test: string
}

interface Room {
  file: string
  test: string
  /** From and to, by name. */
  mutants: Record<string, readonly [from: string, to: string]>
}

const CHANGES = 'test/lib/products/changes.test.ts'
const PROCESS_PRODUCT = 'test/lib/pipeline/process-product.test.ts'
const ATTEMPTS = 'test/lib/pipeline/attempts.test.ts'
const LATE_OUTCOMES = 'test/lib/pipeline/late-outcomes.test.ts'
const LEFTOVERS = 'test/lib/pipeline/leftovers.test.ts'
const OUTBOX = 'test/lib/outbox/outbox.test.ts'
const CLAIM = 'test/lib/outbox/claim.test.ts'
const BROKER = 'test/lib/rabbitmq/broker.test.ts'
const BROKER_FAULTS = 'test/lib/rabbitmq/broker-faults.test.ts'
const IDEMPOTENCY = 'test/routes/idempotency.test.ts'
const LIMITER = 'test/lib/pipeline/limiter.test.ts'
const DECODER = 'test/lib/decoder/decoder.test.ts'

const ROOMS: Room[] = [
  {
    file: 'lib/cache/redis.ts',
    test: 'test/lib/cache/redis.test.ts',
    mutants: {
      'a writer waits for an entry, and not for the load before it': [
        'maxWaitMs = ENTRY_LIFE_MS',
        'maxWaitMs = ENTRY_MS'
      ]
    }
  },
  {
    file: 'lib/cache/redis.ts',
    test: 'test/lib/cache/cache.test.ts',
    mutants: {
      'a result is cached without its lease': ["redis.call('get', KEYS[1]) == ARGV[1]", 'true']
    }
  },
  {
    file: 'lib/cache/redis-run.ts',
    test: 'test/lib/cache/redis-run.test.ts',
    mutants: {
      'a writer on a replica does not wait although others may use its master': [' && !this.#hasMaster', ''],
      'a promoted Redis is read at once': ['return this.#wasPromoted', 'return false'],
      'the runs of Redis are one': ["fieldOf(info, 'run_id')", "fieldOf(info, 'redis_version')"],
      'a refusal is no reason to leave Redis': ['if (isRefused) this.#refuse(reasonOf(error))', '']
    }
  },
  {
    file: 'lib/database/migrate.ts',
    test: 'test/sql/migrations.test.ts',
    mutants: { 'all processes migrate at once': ['SELECT pg_advisory_xact_lock(', 'SELECT concat('] }
  },
  {
    file: 'lib/products/changes.ts',
    test: CHANGES,
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
    file: 'lib/products/store.ts',
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
        'changed = new AbortController()\n      const product = await products.read(id)',
        'const product = await products.read(id)\n      changed = new AbortController()'
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
    file: 'lib/pipeline/process-product.ts',
    test: PROCESS_PRODUCT,
    mutants: {
      'images are unlocked after the commit': ['    lock.release()\n', ''],
      'a message takes what is not due': [
        "status === 'pending' && Date.parse(due_at) <= read_at.getTime()",
        "status === 'pending'"
      ],
      'a database that is away ends the job': [
        'if (!isUnavailable(error) || stop.aborted) throw error',
        'throw error'
      ]
    }
  },
  {
    file: 'lib/pipeline/image-locks.ts',
    test: 'test/lib/pipeline/image-locks.test.ts',
    mutants: { 'images are not locked': ['images.filter(({ id }) => !this.#ids.has(id))', 'images'] }
  },
  {
    file: 'lib/pipeline/make-image.ts',
    test: ATTEMPTS,
    mutants: {
      'a stop is a failed attempt': [
        'if (stop.aborted || (signal.aborted && ownMs < jobTimeoutMs / 2))',
        'if (false)'
      ]
    }
  },
  {
    file: 'lib/pipeline/make-image.ts',
    test: LEFTOVERS,
    mutants: { 'a failed upload is not removed': ['    progress.stored = stored\n', ''] }
  },
  {
    file: 'lib/pipeline/origins.ts',
    test: LIMITER,
    mutants: {
      'one origin may have all places': ['const SHARE_OF_ONE = 3 / 4', 'const SHARE_OF_ONE = 1'],
      'troubled origins may have all places': [
        'const SHARE_OF_TROUBLED = 1 / 2',
        'const SHARE_OF_TROUBLED = 1'
      ]
    }
  },
  {
    file: 'lib/pipeline/origin.ts',
    test: 'test/lib/pipeline/breaker.test.ts',
    mutants: {
      'a breaker never opens': ["if (this.#failures < FAILURES_TO_OPEN) return 'closed'", "return 'closed'"]
    }
  },
  {
    file: 'lib/outbox/outbox.ts',
    test: OUTBOX,
    mutants: {
      'a lost claim deletes its row': [
        '(id, claims)\n       WHERE o.id = c.id AND o.claims = c.claims`,\n      columns(claims)\n    )\n  }\n\n  /** Keeps',
        '(id, claims)\n       WHERE o.id = c.id`,\n      columns(claims)\n    )\n  }\n\n  /** Keeps'
      ],
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
    test: CLAIM,
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
  },
  {
    file: 'lib/rabbitmq/sender.ts',
    test: BROKER_FAULTS,
    mutants: {
      'a confirm is waited for without end': [
        'await withTimeout(CONFIRM_TIMEOUT_MS, confirmed)',
        'await confirmed'
      ]
    }
  },
  {
    file: 'lib/rabbitmq/sender.ts',
    test: BROKER,
    mutants: { 'messages need no queue': ['mandatory: true', 'mandatory: false'] }
  },
  {
    file: 'lib/rabbitmq/publisher.ts',
    test: BROKER_FAULTS,
    mutants: { 'an alarm goes unnoticed': ["this.#connection.on('blocked', () => this.#block())", ''] }
  },
  {
    file: 'lib/rabbitmq/consumer.ts',
    test: 'test/lib/rabbitmq/consumer.test.ts',
    mutants: {
      'a message is acknowledged before it is a dead letter': [
        'await this.#options.bury(message, settlement.reason)',
        'void this.#options.bury(message, settlement.reason).catch(() => undefined)'
      ]
    }
  },
  {
    file: 'consumers/images.ts',
    test: 'test/consumers/pipeline-real.test.ts',
    mutants: {
      'poison is dropped': ["return { settle: 'dead', reason: parsed.reason }", "return { settle: 'ack' }"]
    }
  },
  {
    file: 'lib/database/creation.ts',
    test: IDEMPOTENCY,
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
    file: 'lib/database/notifications.ts',
    test: 'test/lib/database/notifications.test.ts',
    mutants: { 'notifications have no heartbeat': ["await client.query('SELECT 1')", ''] }
  },
  {
    file: 'lib/egress/connector.ts',
    test: 'test/lib/egress/names.test.ts',
    mutants: {
      'addresses are not checked': ['addresses.every(permitted) ? addresses : []', 'addresses'],
      'one public address permits the others': ['addresses.every(permitted)', 'addresses.some(permitted)'],
      'a name is looked up again for its connection': ['lookup: lookupFrom(addresses), ', '']
    }
  },
  {
    file: 'lib/egress/read-limit.ts',
    test: 'test/lib/download/response.test.ts',
    mutants: { 'reads have no limit': ['read - readBefore > maxReadBytes', 'false'] }
  },
  {
    file: 'lib/download/download.ts',
    test: 'test/lib/download/deadline.test.ts',
    mutants: { 'a download takes any time': ['AbortSignal.any([signal, deadline])', 'signal'] }
  },
  {
    file: 'lib/download/download.ts',
    test: 'test/lib/download/redirects.test.ts',
    mutants: {
      'the URL of a redirect is not checked': [
        'const checked = checkSourceUrl(url, policy)',
        'const checked = { url }'
      ]
    }
  },
  {
    file: 'lib/decoder/limits.ts',
    test: DECODER,
    mutants: {
      'a decoder may take any memory': ['usage.residentBytes > residentBytes', 'false'],
      'a decoder may take any CPU time': ['usage.cpuSeconds - cpuBefore > cpuSeconds', 'false'],
      'a decoder may take any time': ['else if (isLate)', 'else if (false)']
    }
  },
  {
    file: 'lib/decoder/process.ts',
    test: DECODER,
    mutants: {
      'a decoder lives on after an abort': [
        "const abort = () => this.#kill('abort', signal.reason)",
        'const abort = () => undefined'
      ]
    }
  }
]

export const MUTANTS: Mutant[] = ROOMS.flatMap(({ file, test, mutants }) =>
  Object.entries(mutants).map(([name, [from, to]]) => ({ name, file, from, to, test }))
)
