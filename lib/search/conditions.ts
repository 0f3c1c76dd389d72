import type { ImageFilter } from './schemas.ts'

/** Adds a value to a statement. Returns its placeholder. */
export type Value = (value: unknown) => string

/** The parts of a WHERE on `product_images i` and `products p`. */
export interface Conditions {
  /** Conditions that an index serves. */
  scope: string[]
  /** Conditions that are checked image by image. */
  rest: string[]
}

const AUTHORITY = '^[a-zA-Z]+://(?:[^/?#]*@)?'
/** A part of the source's URL, in lower case. */
const part = (pattern: string) => `lower(substring(i.source_url FROM '${AUTHORITY}(${pattern})'))`
/** As in the index of failed images: `moc.elpmaxe.` is the beginning of all hosts of example.com. */
const HOST = `(left(reverse(${part('\\[[^\\]]*\\]|[^/:?#]+')}), 255) || '.')`

/** `at`: the time that ages refer to. */
export function conditionsOf(filter: ImageFilter, at: Date, value: Value): Conditions {
  const { id, status, code, host, user_id, product_id, external_id, min_age_s, max_age_s, text } = filter
  const ago = (seconds: number) => `${value(at)}::timestamptz - ${value(seconds)}::float8 * interval '1 s'`
  const isStatus = status === undefined ? [] : [`i.status = '${status}'`]
  const scope = [
    ...(id === undefined ? [] : [`i.id = ${value(id)}::uuid`]),
    ...(code === undefined ? isStatus : [`i.error_code = ${value(code)}`]),
    ...(product_id === undefined ? [] : [`i.product_id = ${value(product_id)}`]),
    ...(user_id === undefined ? [] : [`p.user_id = ${value(user_id)}`]),
    ...(external_id === undefined ? [] : [`p.external_id = ${value(external_id)}`])
  ]
  // With both code and status, the planner would estimate far too few rows.
  const rest = [
    ...(code === undefined ? [] : isStatus),
    ...(host === undefined ? [] : [hostIs(host.toLowerCase(), value)]),
    ...(min_age_s === undefined ? [] : [`i.due_at <= ${ago(min_age_s)}`]),
    ...(max_age_s === undefined ? [] : [`i.due_at >= ${ago(max_age_s)}`]),
    ...(text ? [`i.error_detail ILIKE ${value(containing(text))}`] : [])
  ]
  return { scope, rest }
}

/** Whether no index narrows the search to a few images. */
export const isWide = ({ id, product_id, user_id, external_id }: ImageFilter) =>
  id === undefined && product_id === undefined && user_id === undefined && external_id === undefined

/**
 * A host with a port is compared exactly. The first comparison excludes most images, because the regular
 * expression takes ten times as long.
 */
function hostIs(host: string, value: Value): string {
  const given = value(host)
  const within = `strpos(lower(i.source_url), ${given}) > 0`
  const [, name] = /^(.*[^:]):\d+$/.exec(host) ?? []
  if (name !== undefined)
    return `${within} AND ${HOST} = reverse(${value(name)}) || '.' AND ${part('[^/?#]+')} = ${given}`
  const reversed = `reverse(${given})`
  // '/' comes after '.'.
  return `${within} AND ${HOST} ~>=~ (${reversed} || '.') AND ${HOST} ~<~ (${reversed} || '/')`
}

/** `%`, `_` and the escape character itself stand for themselves. */
const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`
