// What a Received header says (RFC 5321 section 4.4): the clauses, and what mail servers write into comments behind `from`. Each server has a form of
// its own: Postfix, Sendmail and smtpe `helo (name [address])`, Exim `name ([address] helo=helo)`, qmail `name (HELO helo) (address)`, Exchange
// `helo (address)`. Nothing is guessed: what is not there is undefined. Pure; texts are latin1, and time is linear in them.
import { isIPv4, isIPv6 } from 'node:net';
import { formatIp } from '../../net-address/format-ip.ts';
import { parseIp } from '../../net-address/ip-address.ts';
import { parseDate } from '../../text/date-time.ts';

export interface ReceivedField {
  /** The name behind `from`. */
  readonly from: string | undefined;
  /** What the client has said in EHLO or HELO. */
  readonly helo: string | undefined;
  /** The address of the client: IPv6 by RFC 5952, an IPv4-mapped one as IPv4. */
  readonly ip: string | undefined;
  readonly by: string | undefined;
  /** The protocol. */
  readonly with: string | undefined;
  readonly id: string | undefined;
  /** The first recipient, without brackets. */
  readonly recipient: string | undefined;
  /** Seconds since the Epoch. */
  readonly time: number | undefined;
}

/** A longer value says nothing. */
const longest = 16_384;

type Clause = 'from' | 'by' | 'via' | 'with' | 'id' | 'for';
const clauses: ReadonlySet<string> = new Set<Clause>(['from', 'by', 'via', 'with', 'id', 'for']);

interface Token {
  readonly kind: 'word' | 'comment';
  readonly text: string;
}

/** Quoted strings and paths may have blanks in them. */
const word = /(?:"(?:[^"\\]|\\.){0,320}"|<[^<>]{0,320}>|[^\s();<"]|[<"])+/y;
const blanks = /\s+/y;

/** `value`: what stands behind the colon, with its folding. */
export function readReceived(value: string): ReceivedField {
  const parts = new Map<Clause, string[]>();
  const comments = new Map<Clause, string[]>();
  const { date, tokens } = value.length > longest ? { date: '', tokens: [] } : split(value);
  let clause: Clause | undefined;
  let repeated = false;
  for (const { kind, text } of tokens) {
    if (kind === 'comment') {
      if (clause !== undefined && !repeated) list(comments, clause).push(text);
      continue;
    }
    const name = text.toLowerCase();
    // The word behind a keyword is its value, whatever it is.
    const isValue = clause !== undefined && list(parts, clause).length === 0;
    if (!isValue && clauses.has(name)) {
      clause = name as Clause;
      repeated = parts.has(clause);
      list(parts, clause);
    } else if (clause !== undefined && !repeated) list(parts, clause).push(text);
  }
  const from = parts.get('from')?.[0];
  const notes = comments.get('from') ?? [];
  const literal = from === undefined ? undefined : addressIn(from);
  const known = notes.map(seenAddress).find((address) => address !== undefined);
  return {
    from,
    helo: heloOf(from, notes, known !== undefined, literal !== undefined),
    ip: known ?? literal,
    by: parts.get('by')?.[0],
    with: joined(parts.get('with')),
    id: parts.get('id')?.[0],
    recipient: parts.get('for')?.[0]?.replace(/^<(.*)>[,;]?$/s, '$1'),
    time: parseDate(date, true)?.seconds,
  };
}

function list(lists: Map<Clause, string[]>, clause: Clause): string[] {
  let found = lists.get(clause);
  if (found === undefined) {
    found = [];
    lists.set(clause, found);
  }
  return found;
}

const joined = (words: readonly string[] | undefined): string | undefined =>
  words === undefined || words.length === 0 ? undefined : words.join(' ');

/** Words and comments in front of the last semicolon that is in none of them, and the date behind it. */
function split(value: string): { readonly tokens: readonly Token[]; readonly date: string } {
  const tokens: Token[] = [];
  let date = '';
  let kept = 0;
  let at = 0;
  while (at < value.length) {
    blanks.lastIndex = at;
    const skipped = blanks.exec(value);
    if (skipped !== null) {
      at = blanks.lastIndex;
      continue;
    }
    const character = value[at];
    if (character === ';') {
      date = value.slice(++at);
      kept = tokens.length;
    } else if (character === '(') {
      const end = commentEnd(value, at);
      tokens.push({ kind: 'comment', text: value.slice(at + 1, end - 1) });
      at = end;
    } else if (character === ')') at++;
    else {
      word.lastIndex = at;
      const text = word.exec(value)?.[0] ?? value.charAt(at);
      tokens.push({ kind: 'word', text });
      at += text.length;
    }
  }
  return { tokens: date === '' ? tokens : tokens.slice(0, kept), date };
}

/** Behind the comment; one without end is all the rest. */
function commentEnd(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const character = text[i];
    if (character === '\\') i++;
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return i + 1;
  }
  return text.length + 1;
}

const bracketed = /\[(?:IPv6:)?([\da-f.:]{2,45})(?:%[\w.-]{1,20})?\]/gi;
/** qmail and Exchange: the address and nothing else, with a user of ident in front. */
const alone = /^(?:[^\s@]{1,64}@)?(?:IPv6:)?([\da-f.:]{2,45})(?:%[\w.-]{1,20})?$/i;

/** Exim, qmail, CommuniGate: behind these stands what the client says of itself or its user (RFC 1413), which may look like an address. */
const claimed = /(?:^|[\s"])(?:helo|ehlo)[\s=]|(?:^|\s)ident=/i;

/** The address that the server has seen: names and users stand in front of it, and what the client says behind it. */
function seenAddress(note: string): string | undefined {
  const end = note.search(claimed);
  return addressIn(end < 0 ? note : note.slice(0, end).trimEnd());
}

/** The last one in brackets, or one that is all there is. */
function addressIn(text: string): string | undefined {
  const found = (Array.from(text.matchAll(bracketed)).at(-1) ?? alone.exec(text))?.[1];
  if (found === undefined) return undefined;
  const ip = isIPv4(found) || isIPv6(found) ? parseIp(found) : undefined;
  return ip === undefined ? undefined : formatIp(ip, 'compact');
}

const named = /(?:^|[\s"])(?:helo|ehlo)[ =]([^\s)"]{1,255})/i;

function heloOf(
  from: string | undefined,
  notes: readonly string[],
  isKnown: boolean,
  isLiteral: boolean,
): string | undefined {
  for (const note of notes) {
    const said = named.exec(note)?.[1];
    if (said !== undefined) return said;
  }
  // Behind it stands who the client is: it is what he said. An address in its place is not, unless a comment says who he is.
  if (from === undefined || from === 'unknown') return undefined;
  return isKnown && (!isLiteral || notes.length > 0) ? from : undefined;
}
