// What a decoder runs. It loads sharp and nothing that knows a secret.
import { compress } from '../compress.ts'
import { compressForParent } from './child.ts'

compressForParent(compress)
