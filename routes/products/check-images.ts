import type { Config } from '../../lib/config/config.ts'
import { checkSourceUrl, type SourceUrl } from '../../lib/egress/source-url.ts'
import { AppError, type InputProblem } from '../../lib/http/app-error.ts'
import { isUpload, uploadId, uploadSource } from '../../lib/uploads/source.ts'

/** Returns the body with its sources normalized. Throws `invalid_input` that names each problem. */
export function withCheckedImages<T extends { product_images?: string[] | null }>(
  body: T,
  config: Config
): T {
  if (!body.product_images) return body
  const problems: InputProblem[] = []
  const { maxPerProduct } = config.images
  if (body.product_images.length > maxPerProduct) {
    problems.push({ pointer: '/product_images', detail: `must not be more than ${maxPerProduct} images` })
  }
  const product_images = body.product_images.map((source, index) => {
    const checked = checkSource(source, config)
    if ('url' in checked) return checked.url
    problems.push({ pointer: `/product_images/${index}`, detail: checked.problem })
    return source
  })
  if (problems.length > 0) throw new AppError('invalid_input', 'Some images cannot be used.', problems)
  return { ...body, product_images }
}

/** Checks a source as a client sends it. */
export const checkSource = (source: string, { sources }: Config): SourceUrl =>
  isUpload(source) ? checkUpload(source) : checkSourceUrl(source, sources)

function checkUpload(source: string): SourceUrl {
  const id = uploadId(source)
  if (id) return { url: uploadSource(id) }
  return { problem: 'must be the source that POST /api/v1/uploads returned: upload: and a UUID' }
}
