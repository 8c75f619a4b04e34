// Lua patterns (reference manual 6.4.1) compiled to a list of items, for the matcher that can be stopped. A pattern is given as a
// latin1 string.
import { LuaError } from '../../lua-api/function-spec.ts';

/** How often a single character class may repeat. */
export type Repeat = 'once' | 'optional' | 'greedy' | 'greedyOne' | 'lazy';

export type Item =
  /** One byte out of `set` (256 entries, 1 is in). */
  | { readonly kind: 'single'; readonly set: Uint8Array; readonly repeat: Repeat }
  | { readonly kind: 'open'; readonly capture: number; readonly position: boolean }
  | { readonly kind: 'close'; readonly capture: number }
  /** The same bytes as a capture. */
  | { readonly kind: 'back'; readonly capture: number }
  | { readonly kind: 'balance'; readonly open: number; readonly close: number }
  | { readonly kind: 'frontier'; readonly set: Uint8Array }
  /** The end of the subject. */
  | { readonly kind: 'end' };

export interface Pattern {
  readonly anchored: boolean;
  readonly items: readonly Item[];
  readonly captures: number;
}

const maxCaptures = 32;
/** As the nesting limit of the C implementation. */
const maxNesting = 200;

function setOf(member: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (member(byte) ? 1 : 0));
}

const between = (from: string, to: string) => (byte: number) =>
  byte >= from.charCodeAt(0) && byte <= to.charCodeAt(0);
const lower = between('a', 'z');
const upper = between('A', 'Z');
const digit = between('0', '9');
const letter = (byte: number) => lower(byte) || upper(byte);
const graphic = (byte: number) => byte > 32 && byte < 127;

/** The classes of the C locale. */
const classes: Readonly<Record<string, Uint8Array>> = {
  a: setOf(letter),
  c: setOf((byte) => byte < 32 || byte === 127),
  d: setOf(digit),
  g: setOf(graphic),
  l: setOf(lower),
  p: setOf((byte) => graphic(byte) && !letter(byte) && !digit(byte)),
  s: setOf((byte) => byte === 32 || (byte >= 9 && byte <= 13)),
  u: setOf(upper),
  w: setOf((byte) => letter(byte) || digit(byte)),
  x: setOf((byte) => digit(byte) || between('a', 'f')(byte) || between('A', 'F')(byte)),
  z: setOf((byte) => byte === 0),
};
const anyByte = setOf(() => true);

/** The sets of one byte. */
const single = Array.from({ length: 256 }, (_, byte) => setOf((other) => other === byte));

function setOfOne(character: string): Uint8Array {
  return single[character.charCodeAt(0)] ?? new Uint8Array(256);
}

/** The set that `%` and a letter stand for; another character stands for itself. */
function escaped(character: string): Uint8Array {
  const set = classes[character.toLowerCase()];
  if (set === undefined) return setOfOne(character);
  return character === character.toLowerCase() ? set : set.map((member) => 1 - member);
}

class Parser {
  readonly #text: string;
  #at = 0;
  readonly #items: Item[] = [];
  readonly #open: number[] = [];
  readonly #closed = new Set<number>();
  #captures = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Pattern {
    const text = this.#text;
    const anchored = text.startsWith('^');
    if (anchored) this.#at = 1;
    while (this.#at < text.length) this.#item();
    if (this.#open.length > 0) throw new LuaError('unfinished capture');
    if (this.#items.length > maxNesting && this.#nesting() > maxNesting)
      throw new LuaError('pattern too complex');
    return { anchored, items: this.#items, captures: this.#captures };
  }

  /** Items at which the matcher goes one level deeper. */
  #nesting(): number {
    return this.#items.filter((item) => item.kind !== 'single' || item.repeat !== 'once').length;
  }

  #item(): void {
    const text = this.#text;
    const character = text.charAt(this.#at);
    const next = text.charAt(this.#at + 1);
    if (character === '(') this.#openCapture();
    else if (character === ')') this.#closeCapture();
    else if (character === '$' && this.#at === text.length - 1) {
      this.#at += 1;
      this.#items.push({ kind: 'end' });
    } else if (character === '%' && next === 'b') this.#balance();
    else if (character === '%' && next === 'f') this.#frontier();
    else if (character === '%' && next >= '0' && next <= '9') this.#back(next);
    else {
      const set = this.#set();
      this.#items.push({ kind: 'single', set, repeat: this.#repeat() });
    }
  }

  #openCapture(): void {
    if (this.#captures >= maxCaptures) throw new LuaError('too many captures');
    const capture = this.#captures++;
    const position = this.#text.charAt(this.#at + 1) === ')';
    this.#items.push({ kind: 'open', capture, position });
    this.#at += position ? 2 : 1;
    if (position) this.#closed.add(capture);
    else this.#open.push(capture);
  }

  #closeCapture(): void {
    const capture = this.#open.pop();
    if (capture === undefined) throw new LuaError('invalid pattern capture');
    this.#closed.add(capture);
    this.#items.push({ kind: 'close', capture });
    this.#at += 1;
  }

  #balance(): void {
    if (this.#at + 3 >= this.#text.length)
      throw new LuaError("malformed pattern (missing arguments to '%b')");
    this.#items.push({
      kind: 'balance',
      open: this.#text.charCodeAt(this.#at + 2),
      close: this.#text.charCodeAt(this.#at + 3),
    });
    this.#at += 4;
  }

  #frontier(): void {
    this.#at += 2;
    if (this.#text.charAt(this.#at) !== '[') throw new LuaError("missing '[' after '%f' in pattern");
    this.#items.push({ kind: 'frontier', set: this.#bracket() });
  }

  #back(digitText: string): void {
    const capture = Number(digitText) - 1;
    if (!this.#closed.has(capture)) throw new LuaError(`invalid capture index %${digitText}`);
    this.#items.push({ kind: 'back', capture });
    this.#at += 2;
  }

  #set(): Uint8Array {
    const character = this.#text.charAt(this.#at);
    if (character === '[') return this.#bracket();
    if (character === '%') {
      if (this.#at + 1 >= this.#text.length) throw new LuaError("malformed pattern (ends with '%')");
      this.#at += 2;
      return escaped(this.#text.charAt(this.#at - 1));
    }
    this.#at += 1;
    if (character === '.') return anyByte;
    return setOfOne(character);
  }

  /** `[set]` from the bracket on. */
  #bracket(): Uint8Array {
    const text = this.#text;
    const set = new Uint8Array(256);
    const end = this.#bracketEnd();
    let at = this.#at + 1;
    const negated = text.charAt(at) === '^';
    if (negated) at += 1;
    while (at < end) {
      if (text.charAt(at) === '%') {
        for (const [byte, member] of escaped(text.charAt(at + 1)).entries()) if (member === 1) set[byte] = 1;
        at += 2;
      } else if (text.charAt(at + 1) === '-' && at + 2 < end) {
        const [from, to] = [text.charCodeAt(at), text.charCodeAt(at + 2)];
        if (from <= to) set.fill(1, from, to + 1);
        at += 3;
      } else {
        set[text.charCodeAt(at)] = 1;
        at += 1;
      }
    }
    this.#at = end + 1;
    return negated ? set.map((member) => 1 - member) : set;
  }

  /** Where the closing bracket is: not the first character, not behind `%`. */
  #bracketEnd(): number {
    const text = this.#text;
    let at = this.#at + 1;
    if (text.charAt(at) === '^') at += 1;
    do {
      if (at >= text.length) throw new LuaError("malformed pattern (missing ']')");
      at += text.charAt(at) === '%' ? 2 : 1;
    } while (text.charAt(at) !== ']');
    return at;
  }

  #repeat(): Repeat {
    const repeats: Readonly<Record<string, Repeat>> = {
      '?': 'optional',
      '*': 'greedy',
      '+': 'greedyOne',
      '-': 'lazy',
    };
    const repeat = repeats[this.#text.charAt(this.#at)];
    if (repeat === undefined) return 'once';
    this.#at += 1;
    return repeat;
  }
}

/** Throws LuaError with Lua's text when the pattern is malformed. */
export function parsePattern(text: string): Pattern {
  return new Parser(text).parse();
}

/** What the C matcher may cost at worst, in steps, before we use our own: about 20 milliseconds, in which it cannot be interrupted. */
const affordable = 4_000_000;

/** The longest subject for which Lua's own matcher is certain to be quick with this pattern (and the faster one). */
export function quickLength(text: string): number {
  // A long pattern may be tried, and a long set be gone through, at every position.
  const each = Math.max(1, text.length / 4);
  if (!/[\^$*+?.([%-]/.test(text)) return affordable / each;
  let pattern: Pattern;
  try {
    pattern = parsePattern(text);
  } catch {
    // Lua finds the error when it gets there; a pattern that might take long before is refused by ours.
    return /[*+-].*[*+-]/s.test(text) ? 0 : affordable / each;
  }
  let loops = pattern.anchored ? 0 : 1;
  for (const item of pattern.items) {
    if (item.kind === 'back' || item.kind === 'balance') loops += 1;
    else if (item.kind === 'single' && item.repeat !== 'once') loops += 1;
  }
  if (loops <= 1) return affordable / each;
  // n positions for each of k nested loops: n^k / k! steps.
  let length = 1;
  while (steps(length * 2, loops) <= affordable) length *= 2;
  return Math.min(length, affordable / each);
}

function steps(length: number, loops: number): number {
  let product = 1;
  for (let k = 1; k <= loops; k++) product *= length / k;
  return Math.max(product, length);
}
