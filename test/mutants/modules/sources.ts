import type { Module } from './module.ts'

/** What is downloaded, and from where. */
export const SOURCES: Module[] = [
  {
    file: 'lib/egress/connector.ts',
    test: 'test/lib/egress/names.test.ts',
    mutants: {
      'addresses are not checked': ['addresses.every(permitted) ? addresses : []', 'addresses'],
      'one public address permits the others': ['addresses.every(permitted)', 'addresses.some(permitted)'],
      'a name is looked up again for its connection': ['lookup: lookupFrom(addresses), ', '']
    }
  },
  {
    file: 'lib/egress/read-limit.ts',
    test: 'test/lib/download/hostile-responses.test.ts',
    mutants: { 'reads have no limit': ['read - readBefore > maxReadBytes', 'false'] }
  },
  {
    file: 'lib/download/download.ts',
    test: 'test/lib/download/deadline.test.ts',
    mutants: { 'a download takes any time': ['AbortSignal.any([signal, deadline.signal])', 'signal'] }
  },
  {
    file: 'lib/download/download.ts',
    test: 'test/lib/download/redirects.test.ts',
    mutants: {
      'the URL of a redirect is not checked': [
        'const checked = checkSourceUrl(url, policy)',
        'const checked = { url }'
      ]
    }
  }
]
