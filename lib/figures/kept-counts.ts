/** The number of images by status and code. Each has several rows, as recent events are not added up yet. */
export const IMAGE_COUNTS =
  'SELECT status, code, n FROM image_counts UNION ALL SELECT status, code, n FROM image_events'
