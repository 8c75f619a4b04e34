// What smtp-listen says: `[name=]address:port[/flag...]`, several separated by blank, comma or semicolon. Addresses are literals: a name
// would be looked up once, at the start, and listen where it pointed then. Pure; what a flag means is with who implements it.
import { isIPv4, isIPv6 } from 'node:net';
import { splitList } from '../base/lists.ts';
import { nearestName } from '../base/nearest-name.ts';

/** What may be behind an address. */
export const listenFlags = ['tls', 'tls-required', 'no-tls', 'auth-required', 'proxy'] as const;
export type ListenFlag = (typeof listenFlags)[number];

/** Flags that this version carries out. Any other is refused: who asks for TLS must not get clear text. */
const builtFlags: readonly ListenFlag[] = listenFlags;

/** Flags that contradict each other. */
const opposites: readonly (readonly [ListenFlag, ListenFlag])[] = [
  ['no-tls', 'tls'],
  ['no-tls', 'tls-required'],
];

/** Names of what is no listener of SMTP, but has options or a place in the log beside them. */
const takenNames = ['store', 'plugin', 'admin'];

const NAME = /^[a-z][a-z\d-]*$/i;
const EXAMPLE = 'mx=0.0.0.0:25, [::]:25 or submission=*:587/auth-required';

/** One place to listen at, as it was written. */
export interface ListenPlace {
  /** Empty when it has none. */
  readonly name: string;
  /** Undefined: every address, IPv6 and IPv4 (written `*`). */
  readonly address: string | undefined;
  /** 0: a free one. */
  readonly port: number;
  readonly flags: ReadonlySet<ListenFlag>;
}

export type ListenOutcome =
  | { readonly kind: 'places'; readonly places: readonly ListenPlace[] }
  /** `wrong` is the word; `expected` what would be right. */
  | { readonly kind: 'wrong'; readonly wrong: string; readonly expected: string };

type Read<T> = T | { readonly expected: string };

function readFlags(words: readonly string[]): Read<ReadonlySet<ListenFlag>> {
  const flags = new Set<ListenFlag>();
  for (const word of words) {
    const flag = listenFlags.find((known) => known === word.toLowerCase());
    if (flag === undefined) {
      const near = nearestName(word, listenFlags);
      const perhaps = near === undefined ? '' : `, perhaps ${near}`;
      return { expected: `only the flags ${listenFlags.join(' ')} behind an address${perhaps}` };
    }
    if (!builtFlags.includes(flag)) {
      return {
        expected: `no flag ${flag}, which this version does not have; it has ${builtFlags.join(' ')}`,
      };
    }
    if (flags.has(flag)) return { expected: `flag ${flag} once` };
    flags.add(flag);
  }
  const clash = opposites.find((pair) => pair.every((flag) => flags.has(flag)));
  return clash === undefined ? flags : { expected: `either ${clash[0]} or ${clash[1]}, not both` };
}

/** What would be right in place of the name of a listener; undefined when it is one. */
export function wrongListenerName(name: string): string | undefined {
  if (!NAME.test(name)) return 'a name of letters, digits and hyphens that begins with a letter, such as mx';
  return takenNames.includes(name.toLowerCase())
    ? `another name: ${takenNames.join(', ')} are taken`
    : undefined;
}

function readName(name: string): Read<string> {
  const expected = wrongListenerName(name);
  return expected === undefined ? name : { expected };
}

function readAddress(text: string): Read<Pick<ListenPlace, 'address' | 'port'>> {
  const match = /^(?:\[([^\]]*)\]|([^[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) {
    return { expected: `a list of [name=]address:port[/flag...] such as ${EXAMPLE}` };
  }
  const port = Number(match[3]);
  const [, inBrackets, plain = ''] = match;
  if (inBrackets === undefined && plain === '*') return { address: undefined, port };
  if (inBrackets === undefined ? isIPv4(plain) : isIPv6(inBrackets))
    return { address: inBrackets ?? plain, port };
  if (isIPv6(plain)) return { expected: `brackets around an IPv6 address: [${plain}]:${port}` };
  return { expected: `an address of this machine (or * for all), no name: ${EXAMPLE}` };
}

const isWrong = (read: object | string): read is { readonly expected: string } =>
  typeof read === 'object' && 'expected' in read;

function readPlace(word: string): Read<ListenPlace> {
  const [front = '', ...words] = word.split('/');
  const equal = front.indexOf('=');
  const name = equal < 0 ? '' : readName(front.slice(0, equal));
  if (isWrong(name)) return name;
  const where = readAddress(front.slice(equal + 1));
  if (isWrong(where)) return where;
  const flags = readFlags(words);
  return isWrong(flags) ? flags : { name, ...where, flags };
}

const sameFlags = (one: ReadonlySet<ListenFlag>, other: ReadonlySet<ListenFlag>): boolean =>
  one.size === other.size && [...one].every((flag) => other.has(flag));

/** All addresses of a family, or of both. */
const isEvery = ({ address }: ListenPlace): boolean =>
  address === undefined || address === '0.0.0.0' || address === '::';

/** One of them takes the connections of the other too. `::` leaves IPv4 to whoever is there for it. */
function overlap(one: ListenPlace, other: ListenPlace): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  if (one.address === other.address) return true;
  if (!isEvery(one) && !isEvery(other)) return false;
  return (
    one.address === undefined || other.address === undefined || isIPv4(one.address) === isIPv4(other.address)
  );
}

const whereOf = ({ address = '*', port }: ListenPlace): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** What is wrong with a place behind those before it. */
function clashOf(place: ListenPlace, before: readonly ListenPlace[]): string | undefined {
  for (const other of before) {
    if (overlap(place, other)) return `each address and port once; ${whereOf(other)} is listened on already`;
    if (place.name === '' || place.name.toLowerCase() !== other.name.toLowerCase()) continue;
    if (place.name !== other.name) return `one spelling of the name, ${other.name}`;
    if (!sameFlags(place.flags, other.flags)) {
      return `the same flags at every address of listener ${place.name}, or another name`;
    }
  }
  return undefined;
}

/** The names in smtp-listen as they are written there, each once. */
export function listenerNames(text: string): readonly string[] {
  const read = readListenList(text);
  const names = read.kind === 'places' ? read.places.map(({ name }) => name) : [];
  return [...new Set(names)].filter((name) => name !== '');
}

/** The places of smtp-listen, in order; the same name at several makes them one listener. */
export function readListenList(text: string): ListenOutcome {
  const places: ListenPlace[] = [];
  for (const word of splitList(text)) {
    const read = readPlace(word);
    const expected = isWrong(read) ? read.expected : clashOf(read, places);
    if (expected !== undefined) return { kind: 'wrong', wrong: word, expected };
    if (!isWrong(read)) places.push(read);
  }
  return { kind: 'places', places };
}
