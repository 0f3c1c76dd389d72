import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** For `--import`: syncs fail, as those of a broken disk, while the current folder has a file `broken`. */
const { fsyncSync } = fs
fs.fsyncSync = (file) => {
  if (fs.existsSync('broken')) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
  fsyncSync(file)
}
syncBuiltinESMExports()
