/** One line of the verdict. It holds when nothing is wrong. */
export interface Finding {
  promise: string
  /** What was looked at. */
  figure: string
  wrong: string[]
}
