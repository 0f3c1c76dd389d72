import { query, type Servers } from '../servers.ts'
import { type Faults, nothing } from './fault.ts'

export const postgresFaults: Faults = {
  'postgres-restart': {
    lane: 'servers',
    lastsMs: 0,
    async start({ servers }) {
      await servers.postgres.restart()
      return nothing
    }
  },
  'postgres-kill': {
    lane: 'servers',
    lastsMs: 1500,
    async start({ servers }) {
      await servers.postgres.kill()
      return () => servers.postgres.restart()
    }
  },
  'postgres-freeze': {
    lane: 'servers',
    lastsMs: 5000,
    async start({ servers }) {
      servers.postgres.freeze()
      return async () => servers.postgres.thaw()
    }
  },
  /** As after a failover to a server that is still a replica. */
  'postgres-read-only': {
    lane: 'servers',
    lastsMs: 4000,
    async start({ servers }) {
      await setReadOnly(servers, 'on')
      return () => setReadOnly(servers, 'off')
    }
  },
  'postgres-terminate': {
    lane: 'servers',
    lastsMs: 0,
    async start({ servers }) {
      await query(servers.databaseUrl, TERMINATE)
      return nothing
    }
  },
  /** Deletes still work; whatever needs space fails as PostgreSQL fails it. */
  'postgres-full-disk': {
    lane: 'servers',
    lastsMs: 4000,
    async start({ servers: { databaseUrl } }) {
      await query(databaseUrl, FILL)
      return async () => void (await query(databaseUrl, 'DROP FUNCTION no_space CASCADE'))
    }
  }
}

const TERMINATE = `
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()`

const FILL = `
CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON products FOR EACH ROW EXECUTE FUNCTION no_space();
CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON product_images FOR EACH ROW EXECUTE FUNCTION no_space();
CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION no_space()`

/** For new transactions of all sessions, open ones included. */
async function setReadOnly({ databaseUrl }: Servers, value: 'on' | 'off'): Promise<void> {
  await query(databaseUrl, `ALTER SYSTEM SET default_transaction_read_only = ${value}`)
  await query(databaseUrl, 'SELECT pg_reload_conf()')
}
