// Work that is usually done at once and only sometimes has to wait: `T | Promise<T>`. Nothing is allocated when it does not wait. The
// session and the receiver are written with it, because almost no hook suspends and a message has thousands of lines.

export type Maybe<T> = T | Promise<T>;

/** Goes on with `next` at once, or when the promise has resolved. */
export function chain<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What `look` says of the first item that it says something of; each is looked at when it said nothing of the one before. */
export function firstOf<T, R>(
  items: readonly T[],
  look: (item: T) => Maybe<R | undefined>,
  from = 0,
): Maybe<R | undefined> {
  for (let at = from; at < items.length; at++) {
    const found = look(items[at] as T);
    if (found instanceof Promise)
      return found.then((late) => (late === undefined ? firstOf(items, look, at + 1) : late));
    if (found !== undefined) return found;
  }
  return undefined;
}
