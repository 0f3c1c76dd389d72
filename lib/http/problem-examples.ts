import { type ErrorCode, MISMATCH } from './app-error.ts'
import { type Problem, toProblem } from './problem.ts'

/** A response for each code, as the service sends it. A test provokes them and compares. */
export const PROBLEM_EXAMPLES: Record<ErrorCode, Problem> = {
  invalid_request: toProblem('invalid_request', MISMATCH, [
    { pointer: '/product_name', detail: 'is required' },
    { pointer: '/product_price', detail: 'must be number or null' }
  ]),
  malformed_request: toProblem(
    'malformed_request',
    "Body is not valid JSON but content-type is set to 'application/json'"
  ),
  unauthorized: toProblem('unauthorized', 'Credentials are missing: send an API key or a bearer token.'),
  forbidden: toProblem('forbidden', 'These credentials do not act for that user.', [
    { pointer: '/user_id', detail: 'must be 7, the user that these credentials act for' }
  ]),
  not_found: toProblem('not_found', 'There is no product 4711.'),
  request_timeout: toProblem('request_timeout', 'The request was not sent in time.'),
  in_flight: toProblem('in_flight', 'The first request with this Idempotency-Key has no response yet.'),
  external_id_taken: toProblem('external_id_taken', 'The external id is taken.', [
    {
      pointer: '/external_id',
      detail:
        'is the external id of another product of this user; ' +
        'replace that one with PUT /api/v1/products/by-external-id/…'
    }
  ]),
  version_mismatch: toProblem(
    'version_mismatch',
    'Product 1 does not have the version that If-Match names: ' +
      'read it again and retry with its current ETag, including the quotes.'
  ),
  body_too_large: toProblem('body_too_large', 'Request body is too large'),
  url_too_long: toProblem('url_too_long', 'A parameter of the path is too long.'),
  unsupported_media_type: toProblem('unsupported_media_type', 'Send the body as application/json in UTF-8.'),
  invalid_input: toProblem('invalid_input', 'Some images cannot be used.', [
    { pointer: '/product_images/1', detail: 'must start with http:// or https:// and a host name' }
  ]),
  unknown_user: toProblem('unknown_user', 'There is no user 4711.', [
    { pointer: '/user_id', detail: 'is no user of this service; create one with POST /api/v1/users' }
  ]),
  key_reused: toProblem('key_reused', 'The Idempotency-Key was used for another request.', [
    { pointer: 'idempotency-key', detail: 'must be a new one for a new request' }
  ]),
  too_many_requests: toProblem('too_many_requests', 'The limit is 600 requests a minute; retry after 12 s.'),
  headers_too_large: toProblem('headers_too_large', 'The headers are too large.'),
  internal: toProblem('internal', 'Internal error.'),
  overloaded: toProblem('overloaded', 'The service is overloaded; retry later.'),
  unavailable: toProblem('unavailable', 'The database is unavailable; retry later.')
}
