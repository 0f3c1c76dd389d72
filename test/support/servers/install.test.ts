import t from 'tap'
import { missing, waysOut } from './install.ts'

t.test('a server is missing when one of its programs is', async (t) => {
  const installed = new Map([
    ['initdb', '/usr/lib/postgresql/15/bin/initdb'],
    ['postgres', '/usr/lib/postgresql/15/bin/postgres'],
    ['swift-proxy-server', '/usr/bin/swift-proxy-server']
  ])

  t.strictSame(
    missing(['postgres', 'redis', 's3'], (name) => installed.get(name)),
    ['redis', 's3']
  )
})

t.test('the message about missing servers names every way out', async (t) => {
  t.equal(
    waysOut(['postgres', 's3']),
    `The tests need real servers, and these are not installed: postgres, s3. Either
  - install postgresql swift-account swift-container swift-object swift-proxy memcached
    (these are Debian's names; run as root on Debian or Ubuntu, the tests do it themselves),
  - docker compose up, and name its servers in
    TEST_DATABASE_URL, TEST_S3_ENDPOINT, TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY,
  - or npm run test:embedded, which needs none of them.`
  )
})
