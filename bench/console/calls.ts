/** A call that a screen of the console makes. */
export interface Call {
  screen: string
  path: string
  /** Of a POST. */
  body?: object
}

const get = (screen: string, paths: string[]): Call[] => paths.map((path) => ({ screen, path }))

/** How many images an action would be for; shown before it begins. */
const count = (action: string, filter: object): Call => ({
  screen: 'Images',
  path: 'actions',
  body: { action, filter, dry_run: true }
})

/** Ids of images and of a product, and the cursor of a page far from the newest. */
export interface Known {
  failed: string
  done: string
  product: number
  cursor: string
}

export const callsOf = ({ failed, done, product, cursor }: Known): Call[] => [
  ...get('every screen', ['session', 'actions?limit=10']),
  ...get('Now', ['overview', 'history', 'intake', 'processes', 'origins', 'deliveries']),
  ...get(
    'Images',
    [
      ...['', '&status=failed', '&status=pending', '&status=done', `&cursor=${cursor}`],
      ...['&status=failed&code=http_status', '&status=failed&code=storage', '&code=timeout'],
      ...[
        '&status=failed&host=img9.shop.example',
        '&status=failed&host=nowhere.example',
        '&host=nowhere.example'
      ],
      ...['&status=failed&text=410', '&status=failed&text=nothing', '&status=failed&max_age_s=3600'],
      ...['&user_id=7', '&user_id=7&status=failed', `&product_id=${product}`, `&external_id=SKU-${product}`]
    ].map((query) => `images?limit=50${query}`)
  ),
  count('retry', {}),
  count('retry', { code: 'storage' }),
  count('retry', { host: 'img9.shop.example' }),
  count('retry', { host: 'img9.shop.example', code: 'http_status' }),
  count('retry', { host: 'nowhere.example' }),
  count('retry', { host: 'shop.example' }),
  count('retry', { user_id: 7 }),
  count('retry', { text: 'nothing' }),
  count('retry', { max_age_s: 3600 }),
  count('remake', { host: 'img9.shop.example' }),
  count('remake', { max_age_s: 3600 }),
  count('remake', { status: 'done' }),
  ...get('Image', [`images/${failed}`, `images/${done}`]),
  ...get('Deliveries', [
    ...['deliveries?limit=20', 'deliveries?limit=20&failed=true', 'deliveries?limit=20&product_id=50000'],
    ...['audit?limit=20', 'audit?limit=20&actor=berta', 'audit?limit=20&act=intake.pause', 'settings']
  ])
]
