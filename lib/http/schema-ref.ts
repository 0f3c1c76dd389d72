import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** Points to a schema that is a named component of the OpenAPI document, and keeps its type. */
export const ref = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
