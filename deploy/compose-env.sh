#!/bin/sh
# Writes .env: new passwords for the servers of compose.yaml, and the settings with which the service uses them.
set -euC
umask 077

if [ -e .env ]; then
  echo '.env exists already, perhaps with the passwords of servers that hold data: keep it, or move it away.' >&2
  exit 2
fi

secret() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
rabbitmq=$(secret)

# With -C the shell leaves alone a file that another process has written meanwhile.
cat > .env <<END
DB_HOST=127.0.0.1
DB_USER=asyncprod
DB_PASSWORD=$(secret)
DB_NAME=asyncprod
REDIS_HOST=127.0.0.1
REDIS_PASSWORD=$(secret)
RABBITMQ_PASSWORD=$rabbitmq
RABBITMQ_URL=amqp://asyncprod:$rabbitmq@127.0.0.1:5672
AWS_BUCKET_NAME=images
AWS_ACCESS_KEY=asyncprod
AWS_SECRET_KEY=$(secret)
AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000
API_KEYS=$(secret)
END
echo 'Wrote .env. Requests need the key in its last line, as x-api-key.'
