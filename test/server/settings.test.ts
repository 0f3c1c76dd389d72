import t from 'tap'
import { startService } from '../support/service.ts'

const servers = {
  DATABASE_URL: 'postgres://localhost/x',
  REDIS_URL: 'redis://localhost',
  AWS_BUCKET_NAME: 'x'
}

const refused: [name: string, settings: Record<string, string>, said: RegExp][] = [
  ['a role that is none', { ROLE: 'boss' }, /^ROLE=boss cannot be used: .*all, api, worker$/],
  ['a port that is no number', { PORT: 'http' }, /^PORT=http cannot be used: it must be integer$/],
  [
    'a database URL of another kind',
    { DATABASE_URL: 'mysql://root:secret@db/x' },
    /^DATABASE_URL cannot be used/
  ],
  [
    'half of a login',
    { AWS_BUCKET_NAME: 'x', AWS_ACCESS_KEY: 'k' },
    /^AWS_ACCESS_KEY and AWS_SECRET_KEY belong together/
  ],
  [
    'a password without its server',
    { DB_PASSWORD: 'secret' },
    /^DB_PASSWORD has no effect without DB_HOST or DATABASE_URL/
  ],
  ['a data folder that cannot be made', { DATA_DIR: '/dev/null/data' }, /^DATA_DIR cannot be used: ENOTDIR/],
  ['networks that are none', { ALLOWED_SOURCE_NETWORKS: 'home' }, /^ALLOWED_SOURCE_NETWORKS cannot be used/],
  [
    'embedded parts for ROLE=api',
    { ROLE: 'api' },
    /^ROLE=api .*set DATABASE_URL .*REDIS_URL.*AWS_BUCKET_NAME/
  ],
  [
    'an embedded cache for ROLE=worker',
    { ...servers, ROLE: 'worker', REDIS_URL: '' },
    /^ROLE=worker .*set REDIS_URL/
  ]
]

t.jobs = 2
for (const [name, settings, said] of refused) {
  t.test(`${name} ends the start with one line that names the setting`, async (t) => {
    const service = startService(t, settings)
    t.same(await service.ended, { code: 1, signal: null })
    t.equal(service.lines.length, 1, service.lines.join('\n'))
    t.match(service.lines[0], said)
    t.notMatch(service.lines[0], /secret/)
  })
}
