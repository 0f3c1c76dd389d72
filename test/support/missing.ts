import { installOnce } from '../../scripts/install.ts'

const OFFLINE = /npm error (network|code E(AI_AGAIN|NOTFOUND|CONNREFUSED|TIMEDOUT|NETUNREACH))/

/** Installs a folder's dependencies. Resolves with a reason to skip if the registry cannot be reached. */
export async function missing(folder: string): Promise<string | false> {
  try {
    await installOnce(folder)
    return false
  } catch (error) {
    if (!OFFLINE.test(String(error))) throw error
    return 'the npm registry cannot be reached'
  }
}
