/** One at a time, in the order of asking. Not reentrant: a section that asks again waits for itself. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();

  /** Runs `section` once everybody who asked before is done; what it answers or throws is the caller's. */
  run<T>(section: () => Promise<T> | T): Promise<T> {
    const result = this.#tail.then(section);
    this.#tail = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}

/** A mutex for each key; keys that nobody uses take no memory. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, { mutex: Mutex; users: number }>();

  async run<T>(key: string, section: () => Promise<T> | T): Promise<T> {
    const entry = this.#mutexes.get(key) ?? { mutex: new Mutex(), users: 0 };
    this.#mutexes.set(key, entry);
    entry.users += 1;
    try {
      return await entry.mutex.run(section);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) this.#mutexes.delete(key);
    }
  }
}
