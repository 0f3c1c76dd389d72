/** A setting that cannot be used. The message names the variable and what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
