/** The image should be processed again in `waitMs`; no attempt is counted. */
export class Snoozed extends Error {
  override readonly name = 'Snoozed'
  readonly waitMs: number

  constructor(waitMs: number) {
    super(`Snoozed for ${waitMs} ms`)
    this.waitMs = waitMs
  }
}
