// Which lines of which files of Lua have run: for the coverage of policies, and to say where something happened. What comes with smtpe is left out.
//
// Told of every line that runs: it must never do more than note it.

/** What has run of a file. */
export interface WatchedFile {
  /** As Lua has it: as the user wrote it. */
  readonly name: string;
  readonly isTest: boolean;
  readonly lines: Set<number>;
  last: number;
}

export class LineWatch {
  /** By the name of the chunk; undefined for what is not watched. */
  readonly #files = new Map<string, WatchedFile | undefined>();
  readonly #library: string;
  #tests: ReadonlySet<string> = new Set();
  /** The file of the policy that ran last. */
  #policy: WatchedFile | undefined;
  #test: WatchedFile | undefined;

  /** `library`: the directory of what comes with smtpe. */
  constructor(library: string) {
    this.#library = `@${library}/`;
  }

  /** Begins anew; `tests` are the names of the files that are no policy. */
  start(tests: readonly string[]): void {
    this.#files.clear();
    this.#tests = new Set(tests);
    this.#policy = undefined;
    this.#test = undefined;
  }

  readonly watch = (source: string, line: number): void => {
    let file = this.#files.get(source);
    if (file === undefined) {
      if (this.#files.has(source)) return;
      file = this.#newFile(source);
      this.#files.set(source, file);
      if (file === undefined) return;
    }
    file.lines.add(line);
    file.last = line;
    if (file.isTest) this.#test = file;
    else this.#policy = file;
  };

  #newFile(source: string): WatchedFile | undefined {
    if (!source.startsWith('@') || source.startsWith(this.#library)) return undefined;
    const name = Buffer.from(source.slice(1), 'latin1').toString('utf8');
    return { name, isTest: this.#tests.has(name), lines: new Set(), last: 0 };
  }

  /** `policy.lua:41`: the line of the policy or its modules that ran last. */
  get policyPlace(): string | undefined {
    return this.#policy && `${this.#policy.name}:${this.#policy.last}`;
  }

  /** From now on no line of a policy has run. */
  forgetPolicyPlace(): void {
    this.#policy = undefined;
  }

  /** The line of the test that ran last. */
  get testPlace(): { readonly file: string; readonly line: number } | undefined {
    return this.#test && { file: this.#test.name, line: this.#test.last };
  }

  /** Files of policies of which something has run. */
  get policyFiles(): readonly WatchedFile[] {
    return [...this.#files.values()].filter(
      (file): file is WatchedFile => file !== undefined && !file.isTest,
    );
  }
}
