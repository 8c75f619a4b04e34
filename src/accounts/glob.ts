// Patterns that the user of an account may be, in the way of GLOB of SQLite: `*` any run, `?` one octet, `[abc]`, `[a-z]`, `[^x]` one of a class. Pure.
//
// Strangers name what is matched, and operators the patterns: the work must be at most octets times elements, whatever both are.

export const isPattern = (user: string): boolean => /[*?[]/.test(user);

/** What one octet may be. */
type Element = (octet: number) => boolean;

/** Elements with a `*` before each that has one, in order. */
interface Step {
  readonly star: boolean;
  /** undefined: the end of the text. */
  readonly element: Element | undefined;
}

/** undefined: a class has no end, so it matches nothing. */
function parse(pattern: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let star = false;
  const add = (element: Element | undefined): void => {
    steps.push({ star, element });
    star = false;
  };
  for (let at = 0; at < pattern.length; ) {
    const letter = pattern[at];
    if (letter === '*') {
      star = true;
      at++;
    } else if (letter === '?') {
      add(() => true);
      at++;
    } else if (letter === '[') {
      const read = readClass(pattern, at + 1);
      if (read === undefined) return undefined;
      add(read.element);
      at = read.end;
    } else {
      const wanted = pattern.charCodeAt(at);
      add((octet) => octet === wanted);
      at++;
    }
  }
  add(undefined);
  return steps;
}

/** `from` is behind the bracket. A `]` that comes first is one of the class, and so is a `-` at either end. */
function readClass(
  pattern: string,
  from: number,
): { readonly element: Element; readonly end: number } | undefined {
  const isNegated = pattern[from] === '^';
  const start = isNegated ? from + 1 : from;
  const close = pattern.indexOf(']', start + 1);
  if (close < 0) return undefined;
  const ranges: (readonly [number, number])[] = [];
  for (let at = start; at < close; at++) {
    const first = pattern.charCodeAt(at);
    if (pattern[at + 1] === '-' && at + 2 < close) {
      ranges.push([first, pattern.charCodeAt(at + 2)]);
      at += 2;
    } else ranges.push([first, first]);
  }
  const isIn = (octet: number): boolean => ranges.some(([first, last]) => octet >= first && octet <= last);
  return { element: (octet) => isIn(octet) !== isNegated, end: close + 1 };
}

/** Whether the pattern matches all of the text. All places of the pattern that may be reached are followed at once: nothing is tried twice. */
export function globMatches(pattern: string, text: string): boolean {
  const steps = parse(pattern);
  if (steps === undefined) return false;
  let here = new Uint8Array(steps.length);
  let next = new Uint8Array(steps.length);
  here[0] = 1;
  for (let at = 0; at < text.length; at++) {
    const octet = text.charCodeAt(at);
    next.fill(0);
    let isAlive = false;
    for (const [place, { element, star }] of steps.entries()) {
      if (here[place] !== 1) continue;
      if (star) next[place] = 1;
      const goesOn = element?.(octet) === true;
      if (goesOn) next[place + 1] = 1;
      isAlive ||= star || goesOn;
    }
    if (!isAlive) return false;
    [here, next] = [next, here];
  }
  return here[steps.length - 1] === 1;
}
