// The option values of the process or of one connection. The state is never changed in place: a fork shares it until one side changes.
import { nearestName } from './nearest-name.ts';
import type { OptionSpec } from './option-spec.ts';
import { type OptionName, type OptionValues, optionNames, optionTable } from './option-table.ts';
import { defaultText, readValue } from './option-value.ts';
import type { Options, OptionTexts, SetOutcome } from './options.ts';

interface State {
  readonly values: OptionValues;
  readonly texts: Readonly<Record<OptionName, string>>;
  readonly origins: Readonly<Partial<Record<OptionName, string>>>;
}

const byLowerCase: ReadonlyMap<string, OptionName> = new Map(
  optionNames.map((name) => [name.toLowerCase(), name]),
);

/** The option of that name, without regard to case. */
export function findOption(name: string): OptionName | undefined {
  return byLowerCase.get(name.toLowerCase());
}

function defaultState(): State {
  const entries = optionNames.map((name) => [name, optionTable[name]] as const);
  const values = entries.map(([name, spec]) => [name, spec.kind === 'action' ? false : spec.default]);
  const texts = entries.map(([name, spec]) => [name, defaultText(spec)]);
  return {
    values: Object.fromEntries(values) as OptionValues,
    texts: Object.fromEntries(texts) as Record<OptionName, string>,
    origins: {},
  };
}

/** `text`, or with a leading `;` the present text with it appended (without the `;` if that is empty). */
function appended(spec: OptionSpec, present: string, text: string): string {
  if (spec.kind !== 'text' || !text.startsWith(';')) return text;
  return present === '' ? text.slice(1) : present + text;
}

export class OptionSet implements Options {
  #state: State;

  private constructor(state: State) {
    this.#state = state;
  }

  /** All defaults. */
  static defaults(): OptionSet {
    return new OptionSet(defaultState());
  }

  get values(): OptionValues {
    return this.#state.values;
  }

  text(name: string): string | undefined {
    const known = findOption(name);
    if (known === undefined || optionTable[known].kind === 'action') return undefined;
    return this.#state.texts[known];
  }

  origin(name: OptionName): string {
    return this.#state.origins[name] ?? 'default';
  }

  set(name: string, text: string, origin: string): SetOutcome {
    const known = findOption(name);
    if (known === undefined) return { kind: 'unknown', suggestion: nearestName(name, optionNames) };
    const spec = optionTable[known];
    const whole = appended(spec, this.#state.texts[known], text);
    const read = readValue(spec, whole);
    if (read.kind === 'invalid') return read;
    this.#state = {
      values: { ...this.#state.values, [known]: read.value },
      texts: { ...this.#state.texts, [known]: whole },
      origins: { ...this.#state.origins, [known]: origin },
    };
    return { kind: 'set' };
  }

  fork(): Options {
    return new OptionSet(this.#state);
  }

  adopt(from: Options): void {
    this.#state = from instanceof OptionSet ? from.#state : OptionSet.fromTexts(from.toTexts()).#state;
  }

  toTexts(): OptionTexts {
    const { texts, origins } = this.#state;
    return optionNames.flatMap((name) => {
      const origin = origins[name];
      return origin === undefined ? [] : [{ name, text: texts[name], origin }];
    });
  }

  /** The set that toTexts described, in this version of the program. */
  static fromTexts(described: OptionTexts): OptionSet {
    const options = OptionSet.defaults();
    for (const { name, text, origin } of described) {
      // Not appended to what is there, although a list may begin with `;`.
      if (text.startsWith(';')) options.set(name, '', origin);
      options.set(name, text.startsWith(';') ? `;${text}` : text, origin);
    }
    return options;
  }
}

/**
 * Defaults changed by option texts, e.g. `createOptions({ 'smtp-max-size': '1000' })`; for tests and embedding.
 * Throws when a name is unknown or a text is not right for its option.
 */
export function createOptions(texts: Readonly<Partial<Record<OptionName, string>>> = {}): Options {
  const options = OptionSet.defaults();
  for (const [name, text] of Object.entries(texts)) {
    const outcome = options.set(name, text, 'createOptions');
    if (outcome.kind !== 'set') throw new Error(`option ${name}=${text}: ${JSON.stringify(outcome)}`);
  }
  return options;
}
