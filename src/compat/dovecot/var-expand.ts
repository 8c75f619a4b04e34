// Templates of Dovecot 2.3: `%u`, `%Lu`, `%5u`, `%{user}`, `%{md5:user}`, `%{if;a;eq;b;yes;no}`. What is unknown is a text that says so, and
// nobody's error. Pure but for the environment, which is handed in.
import { createHash } from 'node:crypto';

export interface Expansion {
  /** Of a long name; undefined: there is no such variable. An absent value is ''. */
  value(name: string): string | undefined;
  environment(name: string): string | undefined;
}

/** The letters and what they stand for: those of everything, and those of a request only. */
const letters: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ u: 'user', n: 'username', d: 'domain', s: 'service', h: 'home', p: 'pid', r: 'rip', l: 'lip' },
    ...{ w: 'password', a: 'lport', b: 'rport', c: 'secured', m: 'mech', k: 'cert' },
  }),
);

/** What cannot be said: `%{if...}` of a form that it has not. */
export class TemplateError extends Error {}

const digests: readonly string[] = ['md5', 'sha1', 'sha256', 'sha512'];

const digest = (name: string, text: string): string =>
  createHash(name).update(Buffer.from(text, 'latin1')).digest('hex');

/** Sign, width or offset, width, modifiers; a name in braces, one that does not end, a letter, or a percent sign. */
const ITEM = /%(?:(-?)(\d+)?(?:\.(\d+))?([LUMHXRTD]*)(?:\{([^{}]*)\}|(\{[^}]*$)|([a-zA-Z])|(%))|$)/g;

/** Of the hash of PJW, as Dovecot has it for directories. */
function hash(text: string): number {
  let sum = 0;
  for (const octet of Buffer.from(text, 'latin1')) {
    sum = ((sum << 4) + octet) >>> 0;
    const high = sum & 0xf0000000;
    if (high !== 0) sum = (sum ^ (high >>> 24) ^ high) >>> 0;
  }
  return sum;
}

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
        // A number.
        value = BigInt(/^\d{1,19}/.exec(value)?.[0] ?? 0).toString(16);
        break;
      case 'H':
        value = hash(value).toString(16);
        break;
      case 'D':
        value = value.replaceAll('.', ',dc=');
        break;
    }
  }
  return value;
}

/** `%5u`: the first five; `%2.3u`: three from the offset 2; `%-2.3u`: from 2 before the end; `%05u`: zeros in front where there are less. */
function cut(text: string, sign: string, first: string | undefined, second: string | undefined): string {
  if (second !== undefined) {
    const offset = sign === '' ? Number(first ?? 0) : Math.max(0, text.length - Number(first ?? 0));
    return text.slice(offset, offset + Number(second));
  }
  if (first === undefined) return text;
  return first.startsWith('0')
    ? text.padStart(Math.min(Number(first), MOST_ZEROS), '0')
    : text.slice(0, Number(first));
}
const MOST_ZEROS = 100;

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

const NUMERIC: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

function conditional(name: string, about: Expansion): string {
  const [, ...given] = name.split(';');
  const bad = (why: string): TemplateError => new TemplateError(`if: ${why}`);
  if (given.length !== 4 && given.length !== 5)
    throw bad(`requires four or five parameters, got ${given.length}`);
  const [a = '', operator = '', b = '', yes = '', no = ''] = given;
  const compare = comparisons.get(operator);
  if (compare === undefined) throw bad(`Unsupported comparator '${operator}'`);
  // Within braces no others can stand: letters are all there is.
  const operand = (text: string): string => expandTemplate(text, about);
  const [left, right] = [operand(a), operand(b)];
  if (NUMERIC.has(operator)) {
    if (!/^-?\d+$/.test(left)) throw bad(`${left} (lhs) is not a number`);
    if (!/^-?\d+$/.test(right)) throw bad(`${right} (rhs) is not a number`);
  }
  return operand(compare(left, right) ? yes : no);
}

function long(name: string, about: Expansion): string {
  if (name.startsWith('if;')) return conditional(name, about);
  const colon = name.indexOf(':');
  const [kind, rest] = colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
  if (kind === 'env') return about.environment(rest) ?? '';
  if (digests.includes(kind)) return digest(kind, about.value(rest) ?? `UNSUPPORTED_VARIABLE_${rest}`);
  return about.value(name) ?? `UNSUPPORTED_VARIABLE_${name}`;
}

/** The template with its variables replaced; texts are latin1. Throws TemplateError. */
export function expandTemplate(template: string, about: Expansion): string {
  return template.replace(
    ITEM,
    (
      _all,
      sign: string | undefined,
      first: string | undefined,
      second: string | undefined,
      modifiers: string | undefined,
      name: string | undefined,
      unended: string | undefined,
      letter: string | undefined,
      percent: string | undefined,
    ) => {
      if (percent !== undefined) return '%';
      if (unended !== undefined) return `UNSUPPORTED_VARIABLE_${unended}`;
      if (name === undefined && letter === undefined) return '';
      const key = letters.get(letter ?? '');
      const known = name !== undefined ? long(name, about) : key === undefined ? undefined : about.value(key);
      // A letter that a user has not, and a request has.
      const value = known ?? (/^[nhdsplrwu]$/.test(letter ?? '') ? '' : `UNSUPPORTED_VARIABLE_${letter}`);
      return cut(modified(value, modifiers ?? ''), sign ?? '', first, second);
    },
  );
}
