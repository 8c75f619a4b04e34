// Templates of Dovecot 2.3: `%u`, `%Lu`, `%5u`, `%{user}`, `%{md5:user}`, `%{if;a;eq;b;yes;no}`. What is unknown is a text that says so, and
// nobody's error. Pure but for the environment, which is handed in.
import { createHash } from 'node:crypto';

export interface Expansion {
  /** Of a long name; undefined: there is no such variable. An absent value is ''. */
  value(name: string): string | undefined;
  environment(name: string): string | undefined;
}

/** The letters and what they stand for. */
const letters: Readonly<Record<string, string>> = {
  u: 'user',
  n: 'username',
  d: 'domain',
  s: 'service',
  h: 'home',
  p: 'pid',
  r: 'rip',
  l: 'lip',
  w: 'password',
};

const digests: readonly string[] = ['md5', 'sha1', 'sha256', 'sha512'];

const digest = (name: string, text: string): string =>
  createHash(name).update(Buffer.from(text, 'latin1')).digest('hex');

/** Characters between `from` and the end of a modifier, a letter or a brace. */
const ITEM = /%(?:(\d+)?(?:\.(\d+))?([LUMHXRTD]*)(?:\{([^{}]*)\}|([a-zA-Z])|(%))|$)/g;

function modified(text: string, modifiers: string): string {
  let value = text;
  for (const modifier of modifiers) {
    switch (modifier) {
      case 'L':
        value = value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
        break;
      case 'U':
        value = value.replace(/[a-z]/g, (letter) => letter.toUpperCase());
        break;
      case 'M':
        value = digest('md5', value);
        break;
      case 'R':
        value = [...value].reverse().join('');
        break;
      case 'T':
        value = value.trim();
        break;
      case 'X':
        value = Buffer.from(value, 'latin1').toString('hex');
        break;
      case 'D':
        value = value.replaceAll('.', ',dc=');
        break;
    }
  }
  return value;
}

/** `%5u`: the first five; `%2.3u`: three from the offset 2. */
function cut(text: string, first: string | undefined, second: string | undefined): string {
  if (first === undefined) return second === undefined ? text : text.slice(0, Number(second));
  return second === undefined
    ? text.slice(0, Number(first))
    : text.slice(Number(first), Number(first) + Number(second));
}

const comparisons: ReadonlyMap<string, (a: string, b: string) => boolean> = new Map(
  Object.entries({
    '==': (a, b) => Number(a) === Number(b),
    '!=': (a, b) => Number(a) !== Number(b),
    '<': (a, b) => Number(a) < Number(b),
    '<=': (a, b) => Number(a) <= Number(b),
    '>': (a, b) => Number(a) > Number(b),
    '>=': (a, b) => Number(a) >= Number(b),
    eq: (a, b) => a === b,
    ne: (a, b) => a !== b,
    lt: (a, b) => a < b,
    le: (a, b) => a <= b,
    gt: (a, b) => a > b,
    ge: (a, b) => a >= b,
  } satisfies Readonly<Record<string, (a: string, b: string) => boolean>>),
);

function long(name: string, about: Expansion): string {
  if (name.startsWith('if;')) {
    const [, a = '', operator = '', b = '', yes = '', no = ''] = name.split(';');
    const compare = comparisons.get(operator);
    if (compare === undefined) return `UNSUPPORTED_VARIABLE_${name}`;
    // Within braces no others can stand: letters are all there is.
    const operand = (text: string): string => expandTemplate(text, about);
    return operand(compare(operand(a), operand(b)) ? yes : no);
  }
  const colon = name.indexOf(':');
  const [kind, rest] = colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
  if (kind === 'env') return about.environment(rest) ?? '';
  if (digests.includes(kind)) return digest(kind, about.value(rest) ?? `UNSUPPORTED_VARIABLE_${rest}`);
  return about.value(name) ?? `UNSUPPORTED_VARIABLE_${name}`;
}

/** The template with its variables replaced; texts are latin1. */
export function expandTemplate(template: string, about: Expansion): string {
  return template.replace(
    ITEM,
    (
      _all,
      first: string | undefined,
      second: string | undefined,
      modifiers: string | undefined,
      name: string | undefined,
      letter: string | undefined,
      percent: string | undefined,
    ) => {
      if (percent !== undefined) return '%';
      if (name === undefined && letter === undefined) return '';
      const key = letter === undefined ? undefined : letters[letter];
      const value =
        name !== undefined
          ? long(name, about)
          : key === undefined
            ? `UNSUPPORTED_VARIABLE_${letter}`
            : (about.value(key) ?? '');
      return cut(modified(value, modifiers ?? ''), first, second);
    },
  );
}
