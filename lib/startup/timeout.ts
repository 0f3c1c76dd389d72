/**
 * Settles as the promise does, or rejects after `ms`. Cancels nothing. Not p-timeout: that captures a stack
 * for each call, 26 µs of CPU instead of 6, and each published message is one.
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
