import t from 'tap'
import { embedded } from './houses.ts'
import { pipeline } from './pipeline.ts'

t.test('on embedded parts', (t) => pipeline(t, embedded))
