// Work that is usually done at once and only sometimes has to wait: `T | Promise<T>`. Nothing is allocated when it does not wait. The
// session and the receiver are written with it, because almost no hook suspends and a message has thousands of lines.

export type Maybe<T> = T | Promise<T>;

/** Goes on with `next` at once, or when the promise has resolved. */
export function chain<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
