/** Mutants of one file that one test has to notice. */
export interface Module {
  file: string
  test: string
  /** From and to, by name. */
  mutants: Record<string, readonly [from: string, to: string]>
}
