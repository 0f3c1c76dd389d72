import type {
  ArrayOptions,
  IntegerOptions,
  NumberOptions,
  ObjectOptions,
  SchemaOptions,
  StringOptions,
  TArray,
  TBoolean,
  TInteger,
  TLiteral,
  TLiteralValue,
  TNull,
  TNumber,
  TObject,
  TOptionalWithFlag,
  TProperties,
  TRecordOrObject,
  TSchema,
  TString,
  TUnsafe,
  Union,
  UnsafeOptions
} from '@sinclair/typebox'

export type { Static, TSchema } from '@sinclair/typebox'

const KIND = Symbol.for('TypeBox.Kind')
const OPTIONAL = Symbol.for('TypeBox.Optional')

/**
 * The part of TypeBox's builder that is used here: it makes the same schemas, of the same types. TypeBox
 * itself is 200 modules, and loading them took 8% of a start.
 */
export const Type = {
  Array: <T extends TSchema>(items: T, options?: ArrayOptions) =>
    build<TArray<T>>('Array', { type: 'array', items }, options),

  Boolean: (options?: SchemaOptions) => build<TBoolean>('Boolean', { type: 'boolean' }, options),

  Integer: (options?: IntegerOptions) => build<TInteger>('Integer', { type: 'integer' }, options),

  Literal: <T extends TLiteralValue>(value: T, options?: SchemaOptions) =>
    build<TLiteral<T>>('Literal', { const: value, type: typeof value }, options),

  Null: (options?: SchemaOptions) => build<TNull>('Null', { type: 'null' }, options),

  Number: (options?: NumberOptions) => build<TNumber>('Number', { type: 'number' }, options),

  Object<T extends TProperties>(properties: T, options?: ObjectOptions) {
    const required = Object.keys(properties).filter((name) => !(OPTIONAL in Object(properties[name])))
    const fields =
      required.length > 0 ? { type: 'object', required, properties } : { type: 'object', properties }
    return build<TObject<T>>('Object', fields, options)
  },

  Optional: <T extends TSchema>(schema: T) =>
    typed<TOptionalWithFlag<T, true>>({ ...schema, [OPTIONAL]: 'Optional' }),

  /** Its names are any text. */
  Record: <T extends TSchema>(_name: TString, value: T, options?: ObjectOptions) =>
    build<TRecordOrObject<TString, T>>(
      'Record',
      { type: 'object', patternProperties: { '^(.*)$': value } },
      options
    ),

  String: (options?: StringOptions) => build<TString>('String', { type: 'string' }, options),

  Union: <T extends TSchema[]>(types: [...T], options?: SchemaOptions) =>
    build<Union<T>>('Union', { anyOf: types }, options),

  Unsafe: <T>(options: UnsafeOptions) => build<TUnsafe<T>>('Unsafe', {}, options)
}

const build = <T extends TSchema>(kind: string, fields: object, options?: object) =>
  typed<T>({ ...options, [KIND]: kind, ...fields })

/** No value can have the types that TypeBox's schemas carry. */
const typed = <T extends TSchema>(schema: object) => schema as T
