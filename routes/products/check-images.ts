import type { Config } from '../../lib/config/config.ts'
import { checkSourceUrl } from '../../lib/egress/source-url.ts'
import { AppError, type InputProblem } from '../../lib/http/app-error.ts'

/** Rejects with `invalid_input`, naming each image that would be refused anyway. */
export function checkImages(urls: string[] | undefined, config: Config): void {
  if (!urls) return
  const problems: InputProblem[] = []
  if (urls.length > config.images.maxPerProduct) {
    problems.push({
      pointer: '/product_images',
      detail: `must not be more than ${config.images.maxPerProduct} images`
    })
  }
  for (const [index, url] of urls.entries()) {
    const detail = checkSourceUrl(url, config.sources)
    if (detail) problems.push({ pointer: `/product_images/${index}`, detail })
  }
  if (problems.length > 0) throw new AppError('invalid_input', 'Some images cannot be used.', problems)
}
