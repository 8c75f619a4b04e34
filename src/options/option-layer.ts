// The options of one listener: those of the process, as they are at any time, with a few of its own on top. A reload changes the options of
// the process in place, and what is on top of them stays. A session forks this as it would fork the process's.
import type { OptionName, OptionValues } from './option-table.ts';
import type { Options, OptionTexts, SetOutcome } from './options.ts';

export class OptionLayer implements Options {
  readonly #below: Options;
  /** Asked again when what is below has changed. */
  #own: () => OptionTexts;
  /** The values below that #made was made over: another object as soon as one of them is set. */
  #seen: OptionValues | undefined;
  #made: Options;

  /** `own` gives texts that the option table takes. */
  constructor(below: Options, own: () => OptionTexts) {
    this.#below = below;
    this.#own = own;
    this.#made = below;
  }

  get values(): OptionValues {
    return this.#now.values;
  }

  text(name: string): string | undefined {
    return this.#now.text(name);
  }

  origin(name: OptionName): string {
    return this.#now.origin(name);
  }

  /** Changes what is on top. */
  set(name: string, text: string, origin: string): SetOutcome {
    const made = this.#now;
    const outcome = made.set(name, text, origin);
    if (outcome.kind !== 'set') return outcome;
    const wanted = name.toLowerCase();
    const own = [
      ...this.#own().filter((one) => one.name.toLowerCase() !== wanted),
      ...made.toTexts().filter((one) => one.name.toLowerCase() === wanted),
    ];
    this.#own = () => own;
    return outcome;
  }

  fork(): Options {
    return this.#now.fork();
  }

  ofListener(listener: string): OptionTexts {
    return this.#now.ofListener(listener);
  }

  toTexts(): OptionTexts {
    return this.#now.toTexts();
  }

  /** What is on top is from now on what `from` has set. */
  adopt(from: Options): void {
    const own = from.toTexts();
    this.#own = () => own;
    this.#seen = undefined;
  }

  get #now(): Options {
    if (this.#seen === this.#below.values) return this.#made;
    this.#seen = this.#below.values;
    this.#made = this.#below.fork();
    for (const { name, text, origin } of this.#own()) {
      // A list that begins with `;` would be appended to what is there.
      if (text.startsWith(';')) this.#made.set(name, '', origin);
      this.#made.set(name, text.startsWith(';') ? `;${text}` : text, origin);
    }
    return this.#made;
  }
}
