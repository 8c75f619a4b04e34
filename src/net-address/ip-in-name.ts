// Does a host name hold its IPv4 address, as the names of dial-up and hosted clients do? A series of heuristics whose number is the
// answer. Behind net.is_ipv4_in_name. Time is linear in the name: a look for one of the short patterns passes each octet a bounded
// number of times.
import { hexValue } from './ip-address.ts';

/** What each return code of net.is_ipv4_in_name means. The tests are made in this order. */
export const ipv4InNameCodes: readonly { readonly code: number; readonly text: string }[] = [
  {
    code: 1,
    text: 'hexadecimal: the address as 8 digits, a 16-bit half above 255, or two neighbouring octets as 4 digits',
  },
  {
    code: 2,
    text: 'decimal: the address as one number, a 16-bit half above 255, or two neighbouring octets as 6 digits',
  },
  {
    code: 3,
    text: 'octal: the address as one number, a 16-bit half above 255, or two neighbouring octets as 6 digits',
  },
  {
    code: 10,
    text: 'two neighbouring octets as 2 hexadecimal digits each, with punctuation between (code 1 comes first)',
  },
  { code: 11, text: 'two neighbouring octets in decimal, with punctuation between' },
  {
    code: 12,
    text: 'two neighbouring octets as 3 octal digits each, with punctuation between (code 3 comes first)',
  },
  { code: 5, text: 'the name begins with exactly two hexadecimal digits, and they are the last octet' },
  { code: 6, text: 'the name begins with a number of up to three digits that is the last octet' },
  { code: 7, text: '`-`, the last octet as 3 decimal digits, punctuation' },
  { code: 8, text: '`-`, the last octet in decimal, punctuation' },
  { code: 9, text: 'the third octet in decimal and, behind its first digit, the last octet in decimal' },
];

function isPunctuation(code: number): boolean {
  return (
    (code >= 0x21 && code <= 0x2f) ||
    (code >= 0x3a && code <= 0x40) ||
    (code >= 0x5b && code <= 0x60) ||
    (code >= 0x7b && code <= 0x7e)
  );
}

/** Runs of punctuation as one character, a hyphen when there is one in the run: more of them make no difference to any pattern. */
function withoutRuns(name: string): string {
  return name.replace(/[!-/:-@[-`{-~]{2,}/g, (run) => (run.includes('-') ? '-' : run.charAt(0)));
}

function matchesAt(name: string, start: number, pattern: string): boolean {
  let i = start;
  for (let p = 0; p < pattern.length; p++) {
    const wanted = pattern.charCodeAt(p);
    if (p > 0 && hexValue(wanted) >= 0 && isPunctuation(name.charCodeAt(i))) i++;
    const code = name.charCodeAt(i);
    if (p > 0 && isPunctuation(wanted) ? !isPunctuation(code) : code !== wanted) return false;
    i++;
  }
  return true;
}

/**
 * Where the pattern is in the name from `from` on; -1 when it is not. Its first character is taken literally; behind it punctuation
 * of the name is passed over where a digit is wanted, and any punctuation serves where the pattern has some.
 */
function findPattern(name: string, pattern: string, from = 0): number {
  const first = pattern.charAt(0);
  for (let i = name.indexOf(first, from); i >= 0; i = name.indexOf(first, i + 1))
    if (matchesAt(name, i, pattern)) return i;
  return -1;
}

type Pair = readonly [number, number];

function pad(value: number, radix: number, width: number): string {
  return value.toString(radix).padStart(width, '0');
}

/** Codes 1 to 3: whole address, halves and pairs of octets in one radix without separators. */
function inRadix(name: string, octets: readonly number[], pairs: readonly Pair[], radix: number): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const whole = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const halves = [a * 256 + b, c * 256 + d].filter((half) => half > 255);
  const width = radix === 16 ? 2 : 3;
  const patterns = [
    radix === 16 ? pad(whole, 16, 8) : whole.toString(radix),
    ...halves.map((half) => half.toString(radix)),
    ...pairs.map(([x, y]) => pad(x, radix, width) + pad(y, radix, width)),
  ];
  return patterns.some((pattern) => findPattern(name, pattern) >= 0);
}

/** `octets` are the four octets of the address. 0 when no test finds it; upper case hexadecimal in the name is not found. */
export function ipv4InName(octets: readonly number[], fullName: string): number {
  const name = withoutRuns(fullName);
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const ascending: readonly Pair[] = [
    [a, b],
    [b, c],
    [c, d],
  ];
  const pairs: readonly Pair[] = [...ascending, [d, c], [c, b], [b, a]];
  if (inRadix(name, octets, pairs, 16)) return 1;
  if (inRadix(name, octets, pairs, 10)) return 2;
  if (inRadix(name, octets, pairs, 8)) return 3;
  const separated = (radix: number, width: number) =>
    pairs.some(([x, y]) => findPattern(name, `${pad(x, radix, width)}-${pad(y, radix, width)}`) >= 0);
  if (separated(16, 2)) return 10;
  if (separated(10, 1)) return 11;
  if (separated(8, 3)) return 12;
  const hex = /^([0-9a-f]{2})(?![0-9a-f])/i.exec(fullName)?.[1];
  if (hex !== undefined && Number.parseInt(hex, 16) === d) return 5;
  const decimal = /^\d{1,3}/.exec(fullName)?.[0];
  if (decimal !== undefined && Number(decimal) === d) return 6;
  if (findPattern(name, `-${pad(d, 10, 3)}-`) >= 0) return 7;
  if (findPattern(name, `-${d}-`) >= 0) return 8;
  const third = findPattern(name, String(c));
  return third >= 0 && findPattern(name, String(d), third + 1) >= 0 ? 9 : 0;
}
