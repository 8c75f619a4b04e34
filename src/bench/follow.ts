// A port that leads to another one, whichever that is when it is used: what is made once (an engine and its modules) works in the world of the case
// that is played now.

/** Stands for what `current` gives at each use. Methods may be taken out of it and kept. */
export function follow<T extends object>(current: () => T): T {
  return new Proxy({} as T, {
    get: (_, key) => {
      const value: unknown = Reflect.get(current(), key);
      if (typeof value === 'function')
        return (...args: unknown[]): unknown => {
          const holder = current();
          return Reflect.apply(Reflect.get(holder, key) as (...all: unknown[]) => unknown, holder, args);
        };
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return follow(() => Reflect.get(current(), key) as object);
      return value;
    },
  });
}
