import type { Module } from './module.ts'

const BROKER_FAULTS = 'test/lib/rabbitmq/broker-faults.test.ts'

/** PostgreSQL, Redis, RabbitMQ and what is received from them. */
export const SERVERS: Module[] = [
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
    test: 'test/lib/rabbitmq/broker.test.ts',
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
        'await this.#options.deadLetter(message, settlement.reason)',
        'void this.#options.deadLetter(message, settlement.reason).catch(() => undefined)'
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
    file: 'lib/database/notifications.ts',
    test: 'test/lib/database/notifications.test.ts',
    mutants: { 'notifications have no heartbeat': ["await client.query('SELECT 1')", ''] }
  }
]
