import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import type { Variables } from './refusal.ts'

t.test('PostgreSQL by URL, or by its parts', async (t) => {
  const url = (variables: Variables) => loadConfig(variables).database?.connectionString
  t.equal(url({ DATABASE_URL: 'postgres://u:p@h/d', DB_HOST: 'h', DB_NAME: 'x' }), 'postgres://u:p@h/d')
  t.equal(url({ DATABASE_URL: 'postgresql://h/d?sslmode=require' }), 'postgresql://h/d?sslmode=require')
  t.equal(url({ DB_HOST: 'db' }), 'postgres://postgres@db:5432/asyncprod_db')
  const parts = {
    DB_HOST: 'db',
    DB_PORT: '5433',
    DB_USER: 'ada@x',
    DB_PASSWORD: 'a:b/c#d%',
    DB_NAME: 'sh/op'
  }
  t.equal(url(parts), 'postgres://ada%40x:a%3Ab%2Fc%23d%25@db:5433/sh%2Fop')
  t.equal(url({ DB_HOST: '::1' }), 'postgres://postgres@[::1]:5432/asyncprod_db')
  t.equal(
    url({ DB_HOST: '/var/run/postgresql' }),
    'postgres://postgres@%2Fvar%2Frun%2Fpostgresql:5432/asyncprod_db'
  )
})

t.test('Redis by URL, by host and port, or by both in one', async (t) => {
  const url = (variables: Variables) => loadConfig(variables).redis?.url
  t.equal(url({ REDIS_URL: 'rediss://:p@h/2', REDIS_HOST: 'h', REDIS_ADDR: 'h:6379' }), 'rediss://:p@h/2')
  t.equal(url({ REDIS_HOST: 'cache' }), 'redis://cache:6379')
  t.equal(url({ REDIS_HOST: '::1', REDIS_PORT: '7000' }), 'redis://[::1]:7000')
  t.equal(url({ REDIS_HOST: 'cache', REDIS_PASSWORD: 'a@b/c' }), 'redis://:a%40b%2Fc@cache:6379')
  t.equal(url({ REDIS_ADDR: 'cache:7000', REDIS_PASSWORD: 'p' }), 'redis://:p@cache:7000')
  t.equal(url({ REDIS_ADDR: ':6379' }), 'redis://localhost:6379')
})

t.test('RabbitMQ by the URLs of one node or several', async (t) => {
  t.strictSame(loadConfig({ RABBITMQ_URL: 'amqp://a' }).rabbitmq?.urls, ['amqp://a'])
  t.strictSame(loadConfig({ RABBITMQ_URL: 'amqp://a, amqps://b' }).rabbitmq?.urls, ['amqp://a', 'amqps://b'])
})

t.test('a bucket of AWS, or of another server that speaks S3', async (t) => {
  t.strictSame(loadConfig({ AWS_BUCKET_NAME: 'pictures' }).bucket, {
    name: 'pictures',
    region: 'us-east-1',
    credentials: undefined,
    endpoint: undefined,
    forcePathStyle: false
  })
  const other = {
    AWS_S3_BUCKET: 'pictures',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY: 'key',
    AWS_SECRET_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: 'http://minio:9000'
  }
  t.strictSame(loadConfig(other).bucket, {
    name: 'pictures',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    endpoint: 'http://minio:9000',
    forcePathStyle: true
  })
  t.equal(loadConfig({ ...other, S3_FORCE_PATH_STYLE: 'false' }).bucket?.forcePathStyle, false)
})
