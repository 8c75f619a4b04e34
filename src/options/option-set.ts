// The option values of the process or of one connection. The state is never changed in place: a fork shares it until one side changes.
import { nearestName } from '../base/nearest-name.ts';
import { wrongListenerName } from './listen-list.ts';
import { type OptionName, type OptionValues, optionNames, optionTable } from './option-table.ts';
import { defaultText, readValue } from './option-value.ts';
import { isOfItsOwn, type Options, type OptionTexts, PLUGIN, type SetOutcome } from './options.ts';
import { pluginSetting } from './plugin-setting.ts';
import { wrongStoreName } from './store-url.ts';
import type { OptionSpec } from './table/option-spec.ts';

interface State {
  readonly values: OptionValues;
  readonly texts: Readonly<Record<OptionName, string>>;
  readonly origins: Readonly<Partial<Record<OptionName, string>>>;
  /** What listeners have of their own, by `listener.option` in lower case, in the order in which it was set. */
  readonly own: ReadonlyMap<string, OwnOption>;
}

interface OwnOption {
  readonly listener: string;
  /** Of another store: its name. */
  readonly option: string;
  readonly text: string;
  readonly origin: string;
}

/** No listener has this name: what is behind it are names of stores. */
const STORE = 'store';

/** Settings have any names that can be part of a name here. */
const settingName = /^[a-z\d_-]{1,64}$/i;

/** The most of them. */
const MOST_SETTINGS = 1000;

const ownName = (listener: string, option: string): string =>
  listener === PLUGIN ? PLUGIN + option : `${listener}.${option}`;
const ownKey = (listener: string, option: string): string => ownName(listener, option).toLowerCase();

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
    own: new Map(),
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
    if (isOfItsOwn(name)) return this.#state.own.get(name.toLowerCase())?.text;
    const known = findOption(name);
    if (known === undefined || optionTable[known].kind === 'action') return undefined;
    return this.#state.texts[known];
  }

  origin(name: OptionName): string {
    return this.#state.origins[name] ?? 'default';
  }

  set(name: string, text: string, origin: string): SetOutcome {
    if (name.toLowerCase().startsWith(PLUGIN))
      return this.#setPlugin(name.slice(PLUGIN.length), text, origin);
    if (name.includes('.')) return this.#setOwn(name, text, origin);
    const known = findOption(name);
    if (known === undefined) return { kind: 'unknown', suggestion: nearestName(name, optionNames) };
    const spec = optionTable[known];
    const whole = appended(spec, this.#state.texts[known], text);
    const read = readValue(spec, whole);
    if (read.kind === 'invalid') return read;
    this.#state = {
      ...this.#state,
      values: { ...this.#state.values, [known]: read.value },
      texts: { ...this.#state.texts, [known]: whole },
      origins: { ...this.#state.origins, [known]: origin },
    };
    return { kind: 'set' };
  }

  /** `listener.option`: that there is such a listener is known when everything is set (contradictions.ts). */
  #setOwn(name: string, text: string, origin: string): SetOutcome {
    const dot = name.indexOf('.');
    const listener = name.slice(0, dot);
    if (listener.toLowerCase() === STORE) return this.#setStore(name.slice(dot + 1), text, origin);
    const option = findOption(name.slice(dot + 1));
    if (option === undefined || wrongListenerName(listener) !== undefined) {
      const near = nearestName(name.slice(dot + 1), optionNames);
      return { kind: 'unknown', suggestion: near && `${listener}.${near}` };
    }
    const spec = optionTable[option];
    if (!spec.perListener) {
      return {
        kind: 'invalid',
        expected: `${option} without ${listener}. in front: no listener has its own`,
      };
    }
    const present = this.#state.own.get(ownKey(listener, option))?.text ?? this.#state.texts[option];
    return this.#keepOwn({ listener, option, text: appended(spec, present, text), origin }, spec);
  }

  /** `store.NAME`: another store beside the one of option `store`, written as that is. */
  #setStore(name: string, text: string, origin: string): SetOutcome {
    const expected = wrongStoreName(name);
    if (expected !== undefined) return { kind: 'invalid', expected };
    return this.#keepOwn({ listener: STORE, option: name, text, origin }, optionTable.store);
  }

  /** `plugin-NAME`: what scripts of Dovecot are given by that name. */
  #setPlugin(name: string, text: string, origin: string): SetOutcome {
    if (!settingName.test(name)) {
      return {
        kind: 'invalid',
        expected: 'a name of letters, digits, hyphens and underlines, such as plugin-push_url',
      };
    }
    const present = this.#state.own.get(ownKey(PLUGIN, name));
    if (present === undefined && this.ofListener(PLUGIN).length >= MOST_SETTINGS) {
      return { kind: 'invalid', expected: `no more than ${MOST_SETTINGS} settings plugin-NAME` };
    }
    const whole = appended(pluginSetting, present?.text ?? '', text);
    return this.#keepOwn({ listener: PLUGIN, option: name, text: whole, origin }, pluginSetting);
  }

  #keepOwn(one: OwnOption, spec: OptionSpec): SetOutcome {
    const read = readValue(spec, one.text);
    if (read.kind === 'invalid') return read;
    const own = new Map(this.#state.own).set(ownKey(one.listener, one.option), one);
    // Another object, as with any other change.
    this.#state = { ...this.#state, values: { ...this.#state.values }, own };
    return { kind: 'set' };
  }

  ofListener(listener: string): OptionTexts {
    const wanted = listener.toLowerCase();
    return [...this.#state.own.values()].flatMap(({ listener: its, option: name, text, origin }) =>
      its.toLowerCase() === wanted ? [{ name, text, origin }] : [],
    );
  }

  fork(): Options {
    return new OptionSet(this.#state);
  }

  adopt(from: Options): void {
    this.#state = from instanceof OptionSet ? from.#state : OptionSet.fromTexts(from.toTexts()).#state;
  }

  toTexts(): OptionTexts {
    const { texts, origins } = this.#state;
    const ofAll = optionNames.flatMap((name) => {
      const origin = origins[name];
      return origin === undefined ? [] : [{ name, text: texts[name], origin }];
    });
    const own = [...this.#state.own.values()].map(({ listener, option, text, origin }) => ({
      ...{ name: ownName(listener, option), text, origin },
    }));
    return [...ofAll, ...own];
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

/** By the name of an option, `listener.option` or `plugin-NAME`. */
export type GivenTexts = Readonly<
  Partial<Record<OptionName | `${string}.${OptionName}` | `plugin-${string}`, string>>
>;

/**
 * Defaults changed by option texts, e.g. `createOptions({ 'smtp-max-size': '1000' })`; for tests and embedding.
 * Throws when a name is unknown or a text is not right for its option.
 */
export function createOptions(texts: GivenTexts = {}): Options {
  const options = OptionSet.defaults();
  for (const [name, text = ''] of Object.entries(texts)) {
    const outcome = options.set(name, text, 'createOptions');
    if (outcome.kind !== 'set') throw new Error(`option ${name}=${text}: ${JSON.stringify(outcome)}`);
  }
  return options;
}
