// What a test has said of one kind of things in the outside world, by name. A case sees its own table first, then that of its file. Knows what was
// asked for, so that what nobody asks for can be told.

/** Where a test has said it. */
export interface Place {
  /** As the user wrote it. */
  readonly file: string;
  readonly line: number;
}

export interface Fake<T> {
  /** As the test wrote it: `t.dns 'slow.example MX'`. */
  readonly name: string;
  readonly value: T;
  readonly place: Place;
  isUsed: boolean;
}

export class FakeTable<T> {
  readonly #parent: FakeTable<T> | undefined;
  readonly #fakes = new Map<string, Fake<T>>();
  #usual: Fake<T> | undefined;

  constructor(parent?: FakeTable<T>) {
    this.#parent = parent;
  }

  set(key: string, name: string, value: T, place: Place): void {
    this.#fakes.set(key, { name, value, place, isUsed: false });
  }

  /** What there is for names that have none of their own. */
  setDefault(name: string, value: T, place: Place): void {
    this.#usual = { name, value, place, isUsed: true };
  }

  /** True when the test has said anything of this kind. */
  get isEmpty(): boolean {
    return this.#fakes.size === 0 && this.#usual === undefined && (this.#parent?.isEmpty ?? true);
  }

  /** The value of a name: from now on it is used. */
  find(key: string): T | undefined {
    const fake = this.#fakes.get(key);
    if (fake === undefined) return this.#parent?.find(key);
    fake.isUsed = true;
    return fake.value;
  }

  has(key: string): boolean {
    return this.#fakes.has(key) || this.#parent?.has(key) === true;
  }

  get usual(): T | undefined {
    return this.#usual?.value ?? this.#parent?.usual;
  }

  /** All keys, those of the case first. */
  *keys(): Generator<string> {
    yield* this.#fakes.keys();
    if (this.#parent !== undefined) yield* this.#parent.keys();
  }

  /** Its own that nobody has asked for. */
  get unused(): readonly Fake<T>[] {
    return [...this.#fakes.values()].filter(({ isUsed }) => !isUsed);
  }
}
