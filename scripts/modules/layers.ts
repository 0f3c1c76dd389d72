export interface Module {
  /** A folder, or a file that stands alone. */
  path: string
  /** What belongs in it. */
  holds: string
  /** The file to open first, in a folder. */
  first?: string
}

/** The layers from the top down. A module may only import from the layers below its own. */
export const LAYERS: Module[][] = [
  [
    { path: 'cli.ts', holds: 'the command line' },
    { path: 'console', holds: 'the operator’s page, as browsers load it', first: 'app.js' },
    { path: 'examples', holds: 'what a program can do with the package', first: 'extend.ts' }
  ],
  [
    { path: 'server.ts', holds: 'the process: its environment and its exit code' },
    { path: 'commands', holds: 'what the command line can do besides serving', first: 'check.ts' },
    { path: 'index.ts', holds: 'what the npm package exports' }
  ],
  [
    { path: 'start.ts', holds: 'listens, and stops on a signal' },
    { path: 'client', holds: '@asyncprod/client', first: 'src/index.ts' }
  ],
  [{ path: 'app.ts', holds: 'the composition root' }],
  [
    { path: 'routes', holds: 'one handler a request', first: 'products/index.ts' },
    { path: 'consumers', holds: 'what runs without a request', first: 'images.ts' }
  ],
  [
    {
      path: 'plugins/parts',
      holds: 'the servers or embedded parts, and what is built on them',
      first: 'postgres.ts'
    }
  ],
  [
    { path: 'plugins/http', holds: 'reads, checks and limits every request', first: 'errors.ts' },
    { path: 'plugins/observability', holds: 'metrics, traces, log lines', first: 'metrics.ts' }
  ],
  [{ path: 'lib/observability', holds: 'metrics and tracing', first: 'metrics.ts' }],
  [{ path: 'lib/pipeline', holds: 'one job, from message to commit', first: 'process-product.ts' }],
  [{ path: 'lib/actions', holds: 'what operators do with many images', first: 'actions.ts' }],
  [{ path: 'lib/search', holds: 'images that operators look for', first: 'search.ts' }],
  [
    { path: 'lib/products', holds: 'products, images and how they change', first: 'store.ts' },
    {
      path: 'lib/figures',
      holds: 'how many images there are, and the history of a day',
      first: 'overview.ts'
    },
    { path: 'lib/s3.ts', holds: 'the object store on S3' },
    { path: 'lib/webhook.ts', holds: 'signed notifications' },
    { path: 'lib/deliveries', holds: 'which webhooks were sent, and the responses', first: 'deliveries.ts' },
    {
      path: 'lib/fleet',
      holds: 'what operators order, and the processes that follow it',
      first: 'controls.ts'
    }
  ],
  [
    { path: 'lib/outbox', holds: 'work that is due', first: 'outbox.ts' },
    { path: 'lib/audit', holds: 'which operator did what', first: 'audit.ts' }
  ],
  [
    { path: 'lib/database', holds: 'PostgreSQL and its embedded stand-in', first: 'migrate.ts' },
    { path: 'lib/config', holds: 'settings', first: 'config.ts' }
  ],
  [
    { path: 'lib/decoder', holds: 'compresses in fenced processes', first: 'decoder.ts' },
    { path: 'lib/uploads', holds: 'files that clients send', first: 'uploads.ts' }
  ],
  [
    { path: 'lib/rabbitmq', holds: 'the broker and its messages', first: 'broker.ts' },
    { path: 'lib/download', holds: 'one source into memory, bounded', first: 'download.ts' },
    { path: 'lib/compress.ts', holds: 'source bytes to JPEG and renditions' },
    { path: 'lib/cache', holds: 'the product cache', first: 'cache.ts' },
    { path: 'lib/storage', holds: 'the object store', first: 'object-store.ts' },
    { path: 'lib/auth', holds: 'API keys and tokens', first: 'caller.ts' }
  ],
  [
    {
      path: 'lib/egress',
      holds: 'SSRF filter for connections to servers that users name',
      first: 'egress.ts'
    },
    { path: 'lib/http', holds: 'errors and the shape of a problem', first: 'app-error.ts' }
  ],
  [
    { path: 'lib/image', holds: 'what a picture is and why one fails', first: 'format.ts' },
    { path: 'lib/buffer-pool.ts', holds: 'buffers that are used again and again' },
    { path: 'lib/deadline.ts', holds: 'signals that abort when a time is over' },
    { path: 'lib/startup', holds: 'waiting for servers, locking DATA_DIR', first: 'wait-for-server.ts' }
  ],
  [
    { path: 'lib/log', holds: 'log lines and their context', first: 'log.ts' },
    { path: 'lib/version.ts', holds: 'the version' }
  ]
]

export const MODULES = LAYERS.flat()
