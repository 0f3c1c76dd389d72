import { useEffect, useState } from 'preact/hooks'

/**
 * A value that several components show.
 * @template T
 */
export class Store {
  /** @type {Set<(value: T) => void>} */
  #watchers = new Set()

  /** @param {T} value */
  constructor(value) {
    this.value = value
  }

  /** @param {T} value */
  set(value) {
    this.value = value
    for (const watcher of this.#watchers) watcher(value)
  }

  /** @param {(value: T) => void} watcher */
  watch(watcher) {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}

/**
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
  const [value, setValue] = useState(store.value)
  useEffect(() => {
    setValue(store.value)
    return store.watch(setValue)
  }, [store])
  return value
}
