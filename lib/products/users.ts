import { type Static, Type } from '@sinclair/typebox'
import type { Pool } from 'pg'
import { creation } from '../database/creation.ts'
import { type Created, Creator, type IdempotencyKey } from '../database/creator.ts'
import { AppError } from '../http/app-error.ts'
import { Id } from './schemas.ts'

export const UserInput = Type.Object(
  { username: Type.String({ format: 'text', minLength: 1, maxLength: 100, examples: ['ada'] }) },
  { $id: 'UserInput' }
)
export const User = Type.Object(
  { user_id: Id, username: Type.String() },
  { $id: 'User', description: 'An owner of products' }
)
export type User = Static<typeof User>

const CREATE = {
  name: 'user-create',
  text: creation(
    "INSERT INTO users (username) SELECT input ->> 'username' FROM fresh ORDER BY nth RETURNING id"
  )
}

export const userNotFound = (id: number) => new AppError('not_found', `There is no user ${id}.`)

export class UserStore {
  readonly #pool: Pool
  readonly #creator: Creator<Created>

  constructor(pool: Pool) {
    this.#pool = pool
    this.#creator = new Creator(pool, CREATE)
  }

  /** Resolves with the new user's id, or with the one that the key has created before. */
  async create(username: string, key?: IdempotencyKey): Promise<number> {
    return (await this.#creator.create({ username }, key)).id
  }

  /** Rejects with `not_found`. */
  async read(id: number): Promise<User> {
    const { rows } = await this.#pool.query<User>('SELECT id AS user_id, username FROM users WHERE id = $1', [
      id
    ])
    if (!rows[0]) throw userNotFound(id)
    return rows[0]
  }
}
