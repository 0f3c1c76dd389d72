import t from 'tap'
import { pipeline } from './pipeline.ts'
import { embedded } from './services-under-test.ts'

t.test('on embedded parts', (t) => pipeline(t, embedded))
