// Dovecot's authentication protocol, the client's side: what is sent, and what the octets of the server mean (Dovecot, "Auth Protocol",
// versions 1.x). A server that says what fits nowhere is not believed any more. Pure: no I/O, no time.
import { escapeField, type Fields, readFields } from './tab-fields.ts';

/** Octets of a line of the server. Its own limit is 16,384 at most. */
const MAX_LINE = 16_384;
/** Lines before DONE: there are as many as mechanisms, and five. */
const MAX_HANDSHAKE = 200;
/** Octets of a line that we send. One of 8,192 makes an old server close the connection, with the requests of everybody else. */
export const MAX_REQUEST = 8000;

export type Mechanism = 'PLAIN' | 'LOGIN';

export type ServerSays =
  /** The handshake is over. */
  | { readonly kind: 'ready'; readonly mechanisms: readonly string[] }
  /** base64 */
  | { readonly kind: 'cont'; readonly id: number; readonly challenge: string }
  | { readonly kind: 'ok' | 'fail'; readonly id: number; readonly fields: Fields }
  /** Nothing that it says counts any more. `why` in words of our own. */
  | { readonly kind: 'broken'; readonly why: string };

const broken = (why: string): ServerSays => ({ kind: 'broken', why });

/** Reads what the server sends, in any pieces. */
export class AuthServerReader {
  #rest = '';
  #state: 'version' | 'handshake' | 'ready' | 'broken' = 'version';
  #lines = 0;
  readonly #mechanisms: string[] = [];

  /** What the piece brings, in order; behind `broken` nothing comes. */
  push(piece: Buffer): readonly ServerSays[] {
    const said: ServerSays[] = [];
    const text = this.#rest + piece.toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0 && this.#state !== 'broken'; end = text.indexOf('\n', from)) {
      const line = text.slice(from, end);
      from = end + 1;
      const one = line.length > MAX_LINE ? broken('a line that is too long') : this.#line(line);
      if (one === undefined) continue;
      if (one.kind === 'broken') this.#state = 'broken';
      said.push(one);
    }
    this.#rest = text.slice(from);
    if (this.#state === 'broken') this.#rest = '';
    else if (this.#rest.length > MAX_LINE) {
      this.#state = 'broken';
      this.#rest = '';
      said.push(broken('a line that is too long'));
    }
    return said;
  }

  #line(line: string): ServerSays | undefined {
    const [command = '', ...fields] = line.split('\t');
    if (this.#state === 'ready') return readAnswer(command, fields);
    if (++this.#lines > MAX_HANDSHAKE) return broken('a handshake without end');
    if (this.#state === 'version') {
      if (command !== 'VERSION') return broken('something else than Dovecot listens there');
      if (fields[0] !== '1') return broken('a version of the protocol that is not 1');
      this.#state = 'handshake';
      return undefined;
    }
    switch (command) {
      case 'MECH':
        this.#mechanisms.push((fields[0] ?? '').toUpperCase());
        return undefined;
      case 'DONE':
        this.#state = 'ready';
        return { kind: 'ready', mechanisms: this.#mechanisms };
      case 'OK':
      case 'FAIL':
      case 'CONT':
        return broken('an answer before the end of the handshake');
      default:
        // SPID, CUID and COOKIE are for who goes on to the master process; what else comes is of a later minor version.
        return undefined;
    }
  }
}

/** Commands that are not known are of a later minor version, and ignored. */
function readAnswer(command: string, fields: readonly string[]): ServerSays | undefined {
  if (command !== 'OK' && command !== 'FAIL' && command !== 'CONT') return undefined;
  const [number = '', ...more] = fields;
  if (!/^\d{1,10}$/.test(number)) return broken('an answer without the number of its request');
  const id = Number(number);
  if (command === 'CONT') return { kind: 'cont', id, challenge: more[0] ?? '' };
  return { kind: command === 'OK' ? 'ok' : 'fail', id, fields: readFields(more) };
}

/** What a client begins with. `id` tells its connections apart, 1 to 2^31 - 1. */
export function greeting(id: number): string {
  return `VERSION\t1\t1\nCPID\t${id}\n`;
}

/** What the server is told of the connection; an absent value is not said. */
export interface AuthAbout {
  readonly session: string;
  readonly lip: string | undefined;
  readonly lport: number | undefined;
  /** Empty, and 0 of a port: not said. */
  readonly rip: string;
  readonly rport: number;
  readonly secured: boolean;
}

/** AUTH with its line end. `response`: base64, the last field (what stands behind it is ignored); undefined: none. */
export function authLine(
  id: number,
  mechanism: Mechanism,
  about: AuthAbout,
  response: string | undefined,
): string {
  const fields = ['AUTH', String(id), mechanism, 'service=smtp', 'nologin'];
  if (about.secured) fields.push('secured=tls');
  if (about.lip !== undefined) fields.push(`lip=${escapeField(about.lip)}`);
  if (about.rip !== '') fields.push(`rip=${escapeField(about.rip)}`);
  if (about.lport !== undefined) fields.push(`lport=${about.lport}`);
  if (about.rport > 0) fields.push(`rport=${about.rport}`);
  fields.push(`session=${escapeField(about.session)}`);
  if (response !== undefined) fields.push(`resp=${response}`);
  return `${fields.join('\t')}\n`;
}

export function contLine(id: number, response: string): string {
  return `CONT\t${id}\t${response}\n`;
}

export function cancelLine(id: number): string {
  return `CANCEL\t${id}\n`;
}
