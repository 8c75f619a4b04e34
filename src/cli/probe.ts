// Whether somebody answers at an address, in the words of the protocol that is spoken there: for `smtpe check +net`. Says as little as shows that it is
// the right one, and leaves nothing behind. Reads at most a line's worth of what it hears.
import { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { codeOrText } from '../base/errors.ts';
import { type AddressSource, addressesOf, dial } from '../net/dial.ts';

export interface Place {
  /** A name, an address, or the path of a socket. */
  readonly host: string;
  readonly port: number;
  readonly isSocket: boolean;
  /** TLS from the first octet. Whether the certificate is right is not looked at here. */
  readonly tls: boolean;
}

/** What is said, and what the answer has to look like. */
export interface Words {
  readonly says: string;
  readonly hears: RegExp;
  /** What the answer should have been, for a message. */
  readonly expected: string;
  /** Said before the connection is closed. */
  readonly leaves?: string;
}

export const words = {
  smtp: { says: '', hears: /^220[ -]/, expected: 'a banner, 220', leaves: 'QUIT\r\n' },
  clamd: { says: 'zPING\0', hears: /^PONG/, expected: 'PONG, as clamd does' },
  spamd: { says: 'PING SPAMC/1.2\r\n\r\n', hears: /^SPAMD\/\S+ 0 /, expected: 'PONG, as spamd does' },
  rspamd: {
    says: 'GET /ping HTTP/1.0\r\n\r\n',
    hears: /^HTTP\/1\.\d 200 /,
    expected: '200, as rspamd does to /ping',
  },
  connect: { says: '', hears: /^/, expected: '' },
} as const satisfies Readonly<Record<string, Words>>;

export interface ProbeParts {
  readonly clock: Clock;
  readonly resolver: AddressSource;
  readonly timeoutMs: number;
}

/** `answer`: its first line, '' where nobody has to say anything. */
export type ProbeOutcome =
  | { readonly kind: 'answers'; readonly answer: string }
  | { readonly kind: 'fails'; readonly cause: string };

const LONGEST = 512;
const fails = (cause: string): ProbeOutcome => ({ kind: 'fails', cause });

export async function probe(place: Place, said: Words, parts: ProbeParts): Promise<ProbeOutcome> {
  const ending = new AbortController();
  const timer = parts.clock.after(parts.timeoutMs, () => ending.abort());
  try {
    return await withinTime(place, said, parts, ending.signal);
  } finally {
    timer.cancel();
    ending.abort();
  }
}

async function withinTime(
  place: Place,
  said: Words,
  { clock, resolver, timeoutMs }: ProbeParts,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const limits = { clock, timeoutMs, signal };
  const addresses = place.isSocket ? [place.host] : await addressesOf(place.host, resolver, { signal });
  if (addresses.length === 0)
    return fails(
      signal.aborted ? `${place.host}: nobody has answered for its address` : `${place.host} has no address`,
    );
  let cause = '';
  for (const address of addresses) {
    const endpoint = place.isSocket ? { path: address } : { host: address, port: place.port };
    const outcome = await dial(() => new Socket(), endpoint, limits);
    if (outcome.kind === 'connected') return converse(outcome.socket, place, said, signal, timeoutMs);
    const why =
      outcome.kind === 'error' ? codeOrText(outcome.error) : `no connection within ${timeoutMs / 1000} s`;
    cause ||= place.host === address ? why : `${address}: ${why}`;
    if (outcome.kind === 'cancelled') break;
  }
  return fails(cause);
}

function converse(
  connected: Socket,
  place: Place,
  said: Words,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const secured = place.tls
    ? connectTls({ socket: connected, servername: place.host, rejectUnauthorized: false })
    : undefined;
  const socket = secured ?? connected;
  return new Promise((resolve) => {
    let heard = '';
    const done = (outcome: ProbeOutcome): void => {
      signal.removeEventListener('abort', late);
      if (outcome.kind === 'answers' && said.leaves !== undefined) socket.end(said.leaves);
      socket.destroySoon();
      resolve(outcome);
    };
    const late = (): void => {
      connected.destroy();
      done(fails(`connected, but no answer within ${timeoutMs / 1000} s; expected ${said.expected}`));
    };
    signal.addEventListener('abort', late, { once: true });
    socket.on('error', (error) => done(fails(codeOrText(error))));
    socket.on('close', () => done(fails(`it closed the connection; expected ${said.expected}`)));
    const begin = (): void => {
      if (said === words.connect) done({ kind: 'answers', answer: '' });
      else if (said.says !== '') socket.write(said.says, 'latin1');
    };
    socket.on('data', (chunk: Buffer) => {
      heard = (heard + chunk.toString('latin1')).slice(0, LONGEST);
      const line = /^[^\r\n\0]*/.exec(heard)?.[0].replace(/[^ -~]/g, '?') ?? '';
      if (said.hears.test(heard)) done({ kind: 'answers', answer: line });
      else if (/[\n\0]/.test(heard) || heard.length === LONGEST)
        done(fails(`it says ${JSON.stringify(line.slice(0, 80))}; expected ${said.expected}`));
    });
    if (secured === undefined) begin();
    else secured.once('secureConnect', begin);
  });
}
