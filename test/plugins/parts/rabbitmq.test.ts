import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { freePort } from '../../support/servers/port.ts'
import { sharedPostgres, sharedRedis, sharedS3 } from '../../support/servers/shared.ts'

t.test('an api that starts while RabbitMQ is away promises images all the same', needsServices, async (t) => {
  const [postgres, redis, s3] = await Promise.all([sharedPostgres(t), sharedRedis(t), sharedS3(t)])
  const app = await buildTestApp(t, {
    ROLE: 'api',
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: await redis.createDatabase(),
    RABBITMQ_URL: `amqp://127.0.0.1:${await freePort()}`,
    AWS_BUCKET_NAME: await s3.createBucket(),
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY: s3.accessKeyId,
    AWS_SECRET_KEY: s3.secretAccessKey,
    STARTUP_TIMEOUT_MS: '2000'
  })
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/api/v1/products',
    payload: {
      user_id: 1,
      product_name: 'Desk lamp',
      product_price: 100,
      product_images: ['https://example.com/lamp.jpg']
    }
  })
  const { rows } = await app.pg.query('SELECT kind, product_id FROM outbox')
  t.same([statusCode, rows], [201, [{ kind: 'images', product_id: 1 }]])
})
