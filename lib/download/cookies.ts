/** Cookies that hosts set during the redirects of one download. Each is sent back to its own host only. */
export class Cookies {
  readonly #hosts = new Map<string, Map<string, string>>()

  /** Stores what a `Set-Cookie` header of that host says, without the attributes. */
  store(host: string, header: string | string[] | undefined): void {
    const cookies = this.#hosts.get(host) ?? new Map<string, string>()
    for (const line of [header ?? []].flat()) {
      const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value.trim())
    }
    this.#hosts.set(host, cookies)
  }

  /** Returns the request header for that host, none when it has set no cookie. */
  headerFor(host: string): { cookie?: string } {
    const cookies = [...(this.#hosts.get(host) ?? [])].map(([name, value]) => `${name}=${value}`)
    return cookies.length === 0 ? {} : { cookie: cookies.join('; ') }
  }
}
