import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import { refusal, type Variables } from './refusal.ts'

t.test(
  'a value that cannot be used is refused by the name of its variable, with what it should be',
  async (t) => {
    const refused: [Variables, string][] = [
      [
        { ROLE: 'both' },
        'ROLE=both cannot be used: it must be equal to one of the allowed values: all, api, worker'
      ],
      [
        { LOG_LEVEL: 'INFO' },
        'LOG_LEVEL=INFO cannot be used: it must be equal to one of the allowed values: ' +
          'fatal, error, warn, info, debug, trace, silent'
      ],
      [{ S3_FORCE_PATH_STYLE: 'yes' }, 'S3_FORCE_PATH_STYLE=yes cannot be used: it must be boolean'],
      [
        { CORS_ORIGIN: 'https://a.example, b.example' },
        'CORS_ORIGIN cannot be used: "b.example" is not an origin: write it as https://shop.example, without a path'
      ],
      [
        { PUBLIC_API_URL: 'https://shop.example/sub?x=y' },
        'PUBLIC_API_URL cannot be used: paths are appended to it, so it must not contain ?, # or spaces'
      ],
      [
        { PUBLIC_API_URL: 'https://ada:secret@shop.example/' },
        'PUBLIC_API_URL cannot be used: it must not contain a user name or password'
      ],
      [
        { CORS_ORIGIN: 'https://a.example/' },
        'CORS_ORIGIN cannot be used: "https://a.example/" is not an origin: ' +
          'write it as https://shop.example, without a path'
      ],
      [
        { ALLOWED_SOURCE_NETWORKS: '10.0.0.0' },
        'ALLOWED_SOURCE_NETWORKS cannot be used: "10.0.0.0" is not a network: ' +
          'write it as a CIDR such as 10.1.0.0/16, 192.0.2.7/32 or fd00::/8'
      ],
      [
        { ALLOWED_SOURCE_PORTS: '80,http' },
        'ALLOWED_SOURCE_PORTS cannot be used: "http" is not a port: write a number from 1 to 65535'
      ],
      [{ DB_HOST: 'a b' }, 'DB_HOST cannot be used: it must be a host name or an address'],
      [{ REDIS_HOST: 'a b' }, 'REDIS_HOST cannot be used: it must be a host name or an address'],
      [{ REDIS_ADDR: 'cache:port' }, 'REDIS_ADDR cannot be used: it must be a host name or an address'],
      [
        { AWS_BUCKET_NAME: 'b', AWS_ACCESS_KEY: 'key' },
        'AWS_ACCESS_KEY and AWS_SECRET_KEY belong together: set both, or neither to use the SDK’s own chain'
      ]
    ]
    for (const [variables, message] of refused) t.equal(refusal(variables), message)
  }
)

t.test('a URL of another kind is refused, and its password stays out of the message', async (t) => {
  const kinds = {
    DATABASE_URL: 'postgres:// or postgresql://',
    REDIS_URL: 'redis:// or rediss://',
    RABBITMQ_URL: 'amqp:// or amqps://',
    JWKS_URL: 'https:// or http://',
    PUBLIC_BASE_URL: 'http:// or https://'
  }
  for (const [name, kind] of Object.entries(kinds)) {
    for (const value of ['ftp://ada:hunter2@host/', 'hunter2', '//ada:hunter2@host']) {
      t.equal(refusal({ [name]: value }), `${name} cannot be used: it must be a URL that begins with ${kind}`)
    }
  }
  t.equal(
    refusal({ AWS_BUCKET_NAME: 'b', AWS_ENDPOINT_URL_S3: 'ada:hunter2@minio' }),
    'AWS_ENDPOINT_URL_S3 cannot be used: it must be a URL that begins with http:// or https://'
  )
})

t.test('a login with characters that are not encoded is refused with the way to encode them', async (t) => {
  const servers = {
    DATABASE_URL: 'postgres://ada:PASSWORD@db:5432/shop',
    REDIS_URL: 'redis://:PASSWORD@cache:6379/0',
    RABBITMQ_URL: 'amqp://ada:PASSWORD@rabbit:5672/'
  }
  for (const [name, url] of Object.entries(servers)) {
    for (const password of ['hunter#2', '12#34', 'hunter/2', '12/34', 'hunter?2', '12?34', '100%hunter'])
      t.match(
        refusal({ [name]: url.replace('PASSWORD', password) }),
        /^\w+ cannot be used: .*# as %23/,
        password
      )
    for (const password of ['hunter%232', 'hunter@2', 'a:b', 'ü', '%25'])
      t.equal(refusal({ [name]: url.replace('PASSWORD', password) }), 'nothing is wrong', password)
  }
  const url = 'postgres://db/shop?options=-csearch_path%3Dshop&application_name=a@b'
  t.equal(refusal({ DATABASE_URL: url }), 'nothing is wrong')
})

t.test('a URL that paths are appended to has nothing behind its path', async (t) => {
  for (const name of ['PUBLIC_BASE_URL', 'PUBLIC_API_URL', 'AWS_ENDPOINT_URL_S3'])
    for (const end of ['?v=1', '#top', '/my images', '?'])
      t.match(
        refusal({ AWS_BUCKET_NAME: 'b', [name]: `https://cdn.example${end}` }),
        `${name} cannot be used`,
        end
      )
  t.equal(
    loadConfig({ PUBLIC_BASE_URL: 'https://cdn.example/a//' }).images.publicBaseUrl,
    'https://cdn.example/a'
  )
})

t.test('no message contains a secret', async (t) => {
  const refused = [
    { API_KEYS: 'hunter2-hunter2-hunter2,hunter2-hunter2-hunter2' },
    { API_KEYS: 'hunter2-hunter2-hunter2:0' },
    { JWT_SECRET: 'hunter2', JWKS_URL: 'https://hunter2@a.example/' },
    { AWS_BUCKET_NAME: 'b', AWS_SECRET_KEY: 'hunter2' },
    { REDIS_ADDR: 'a b', REDIS_PASSWORD: 'hunter2' },
    { DB_HOST: 'a b', DB_PASSWORD: 'hunter2' },
    { WEBHOOK_URL: 'ftp://hunter2@a.example/', WEBHOOK_SECRET: 'hunter2' }
  ]
  for (const variables of refused) {
    const message = refusal(variables)
    t.not(message, 'nothing is wrong', Object.keys(variables).join())
    t.notMatch(message, 'hunter2')
    t.match(message, new RegExp(`${Object.keys(variables).join('|')}`))
  }
})

t.test('a webhook secret that begins with whsec_ is base64 after it', async (t) => {
  const WEBHOOK_URL = 'https://shop.example/hook'
  for (const secret of ['whsec_', 'whsec_not base64', 'whsec_YWJj_w==', 'whsec_YWJ']) {
    t.equal(
      refusal({ WEBHOOK_URL, WEBHOOK_SECRET: secret }),
      'WEBHOOK_SECRET cannot be used: it must be base64 after whsec_'
    )
  }
  for (const secret of ['whsec_YWJj', 'whsec_YWI=', 'any text'])
    t.equal(refusal({ WEBHOOK_URL, WEBHOOK_SECRET: secret }), 'nothing is wrong')
})
