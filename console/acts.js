/**
 * What is done with images of a status (`of`).
 * @type {Record<string, { name: string, of: string, does: string, doing: string, done: string }>}
 */
export const ACTS = {
  retry: {
    name: 'Retry',
    of: 'failed',
    doing: 'Retrying',
    done: 'due again',
    does: 'Failed images are enqueued again. Their attempts count from zero.'
  },
  fail: {
    name: 'Fail',
    of: 'pending',
    doing: 'Failing',
    done: 'withdrawn',
    does: 'Pending images fail at once, with the code withdrawn. They can be retried.'
  },
  refetch: {
    name: 'Fetch again',
    of: 'done',
    doing: 'Fetching again',
    done: 'due to be fetched again',
    does: 'Sources are fetched again, and results replaced if they differ.'
  },
  remake: {
    name: 'Make again',
    of: 'done',
    doing: 'Making again',
    done: 'due to be made again',
    does: 'Results are made again with today’s settings, from the kept original if there is one.'
  },
  'delete-results': {
    name: 'Delete results',
    of: 'done',
    doing: 'Deleting the results of',
    done: 'without results now',
    does: 'Results are removed from the store, and their images fail with the code withdrawn.'
  }
}
