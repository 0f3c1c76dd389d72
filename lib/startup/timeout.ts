/**
 * Settles as the promise does, or rejects after `ms`. Cancels nothing. Not p-timeout, which captures a stack
 * on each call: 26 µs of CPU instead of 6, for each published message.
 */
export async function withTimeout<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`No response after ${ms} ms`)), ms)
  try {
    return await Promise.race([promise, timedOut])
  } finally {
    clearTimeout(timer)
  }
}
