// What somebody wants to follow: which sessions, by their client, by their envelope, by their id. Read from the query of GET /trace; plain data, as
// it goes to the workers.
import { NetworkList, readNetwork } from '../../net-address/network-list.ts';

export interface TraceWish {
  /** An address or a network. */
  readonly client?: string;
  /** Patterns of the reverse path and of a recipient, `*` and `?`, in any case; of one transaction both. */
  readonly from?: string;
  readonly to?: string;
  /** Of a session or of one of its transactions. */
  readonly id?: string;
  /** Only sessions that begin later. */
  readonly fresh: boolean;
}

/** Those of a query besides `one` and `format`, or what is wrong with it. */
export function readWish(query: URLSearchParams): TraceWish | string {
  const [client, from, to, id] = ['client', 'from', 'to', 'id'].map((name) => query.get(name) ?? undefined);
  if (client !== undefined && readNetwork(client) === undefined)
    return `?client=${client}: expected an address or a network such as 192.0.2.0/24`;
  for (const [name, pattern] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (pattern !== undefined && pattern.length > LONGEST)
      return `?${name}=: expected a pattern such as *@example.com, at most ${LONGEST} characters`;
  }
  if (id !== undefined && !ID.test(id))
    return `?id=${id}: expected the id of a session or of a transaction, 18 letters and digits as the log has it`;
  return {
    ...(client !== undefined && { client }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(id !== undefined && { id }),
    fresh: query.get('new') === '1',
  };
}

const LONGEST = 320;
const ID = /^[0-9A-Za-z]{18}$/;
/** What ids of a session and of its transactions have in common. */
const COMMON = 16;

/** Whether text matches the pattern: `*` any run, `?` one character. Time: the product of both lengths. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [p, t] = [pattern.toLowerCase(), text.toLowerCase()];
  let [i, j] = [0, 0];
  let star = -1;
  let from = 0;
  while (j < t.length) {
    if (p[i] === '*') {
      star = i++;
      from = j;
    } else if (i < p.length && (p[i] === '?' || p[i] === t[j])) {
      i++;
      j++;
    } else if (star >= 0) {
      i = star + 1;
      j = ++from;
    } else return false;
  }
  while (p[i] === '*') i++;
  return i === p.length;
}

const PATH = /^\s*(MAIL\s+FROM|RCPT\s+TO)\s*:\s*(?:<((?:"(?:[^"\\]|\\.)*"|[^>"])*)>|(\S+))/i;

/** Octets as text: a pattern is text, and what a client says may be UTF-8. What is none stays octets. */
function textOf(octets: string): string {
  if (!/[^\0-\x7f]/.test(octets)) return octets;
  const text = Buffer.from(octets, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? octets : text;
}

/** The path that MAIL or RCPT names, accepted or not. */
function pathOf(line: string): { readonly verb: 'mail' | 'rcpt'; readonly address: string } | undefined {
  const found = PATH.exec(line);
  if (found === null) return undefined;
  const [, words = '', inBrackets, bare = ''] = found;
  // Without a source route, `<@a,@b:c@d>`.
  const address = textOf((inBrackets ?? bare).replace(/^@[^:]*:/, ''));
  return { verb: /^mail/i.test(words) ? 'mail' : 'rcpt', address };
}

/** Whether one session is wished for, as far as it has come. */
export class WishMatch {
  readonly #wish: TraceWish;
  #sender: boolean;
  #found: boolean;

  constructor(wish: TraceWish) {
    this.#wish = wish;
    this.#sender = wish.from === undefined;
    this.#found = wish.from === undefined && wish.to === undefined;
  }

  get found(): boolean {
    return this.#found;
  }

  /** A line of the client. True when the session is one by it, or was one before. */
  line(text: string): boolean {
    if (this.#found) return true;
    const path = pathOf(text);
    if (path === undefined) return false;
    const { from, to } = this.#wish;
    if (path.verb === 'mail') {
      this.#sender = from === undefined || matchesPattern(from, path.address);
      this.#found = this.#sender && to === undefined;
    } else this.#found = this.#sender && to !== undefined && matchesPattern(to, path.address);
    return this.#found;
  }
}

/** What is known of a session before it has said anything. */
export class WishFilter {
  readonly #client: NetworkList | undefined;
  readonly #id: string | undefined;

  constructor({ client, id }: TraceWish) {
    this.#client = client === undefined ? undefined : new NetworkList([client]);
    this.#id = id?.slice(0, COMMON);
  }

  takes(session: string, client: string): boolean {
    if (this.#id !== undefined && !session.startsWith(this.#id)) return false;
    return this.#client?.contains(client) ?? true;
  }
}
