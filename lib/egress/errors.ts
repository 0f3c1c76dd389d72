/** A URL, a name or a socket leads to an address that the policy does not permit. */
export class BlockedAddress extends Error {
  override readonly name = 'BlockedAddress'
}

/** A server sent more bytes for one response than are read, within its body or outside of it. */
export class ReadLimitExceeded extends Error {
  override readonly name = 'ReadLimitExceeded'
  readonly maxReadBytes: number

  constructor(maxReadBytes: number) {
    super(`The server sent more than ${maxReadBytes} bytes for one response`)
    this.maxReadBytes = maxReadBytes
  }
}
