import { PROBLEM_EXAMPLES } from '../../lib/http/problem-examples.ts'

const codes = Object.values(PROBLEM_EXAMPLES).map(
  ({ code, status, detail }) => `| \`${code}\` | ${status} | ${detail} |`
)

/** The first section of the documentation page. */
export const DESCRIPTION = `
A product catalogue whose images take care of themselves. Create a product with the URLs of its images and
get the response at once. Workers download every image, fit it into 800x600, encode it as JPEG and store it.
Read the product, or follow its events, until its \`image_status\` is no longer \`pending\`. Then each image is
\`done\`, with a public \`url\`, or \`failed\`, with an \`error\` that says what to do.

Operators see what is wrong, and put it right, on [the console](../console/).

### Authentication
Send an API key in \`x-api-key\`, or an API key or a JWT as \`Authorization: Bearer …\`. Credentials of one user
(\`sub\` in a token) read and change the products of that user; those of others are 404. A key for all users, or
the scope \`admin\`, acts for every user and may use the admin API; with \`:read\` it only reads. Without configured
credentials, anyone who can reach the service has full access.

### Repeating a request
A \`POST\` with an \`Idempotency-Key\` can be sent again: for 24 hours the same key gets the first response, and
nothing is created twice. \`PUT\` and \`DELETE\` can be repeated without one. 429 and 503 have \`Retry-After\`.

### Concurrent changes
\`GET /api/v1/products/{id}\` returns an \`ETag\`. A change with \`If-Match\` is 412 if somebody was faster. A read
with \`If-None-Match\` is 304 if nothing has changed.

### Paging
A list is an array, newest first. If there is more, the header \`Link: <…>; rel="next"\` leads to the next page.
Follow it until there is none; the cursor in it has no meaning for clients.

### Events
\`GET /api/v1/products/{id}/events\` sends the product at once and at each change, as server-sent events, and ends
when no image is pending. An \`EventSource\` resumes a lost connection by itself.

### Errors
Every error is \`application/problem+json\` (RFC 9457). Programs decide by \`code\`, which never changes its
meaning; \`detail\` is for people. \`errors\` names every violation of the input, up to 100, by a JSON pointer into
the body or the name of a parameter. Unknown fields of a body are ignored, or refused with 400 under
\`Prefer: handling=strict\`.

| code | status | detail, for example |
|---|---|---|
${codes.join('\n')}
`.trim()
