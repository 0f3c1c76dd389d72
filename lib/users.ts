import { type Static, Type } from '@sinclair/typebox'
import type { Pool } from 'pg'
import { AppError } from './errors.ts'
import { Id } from './products/schemas.ts'

export const UserInput = Type.Object(
  { username: Type.String({ format: 'text', minLength: 1, maxLength: 100, examples: ['ada'] }) },
  { $id: 'UserInput' }
)
export const User = Type.Object({ user_id: Id, username: Type.String() }, { $id: 'User' })
export type User = Static<typeof User>

export const userNotFound = (id: number) => new AppError('not_found', `There is no user ${id}.`)

export class UserStore {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async create(username: string): Promise<number> {
    const { rows } = await this.#pool.query<{ id: number }>(
      'INSERT INTO users (username) VALUES ($1) RETURNING id',
      [username]
    )
    if (!rows[0]) throw new Error('INSERT answered no id')
    return rows[0].id
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
