// The first thing that a TLS client says (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2): for whom it comes (SNI, RFC 6066 section 3) and what
// it wants to speak (ALPN, RFC 7301). Read by us, as Node 20 keeps the certificate of the default context when SNICallback gives one with a
// key of another type; everything that was read is handed on to who makes the handshake. Takes octets in any split, over any number of records.
//
// Pure. It must never judge more of the hello than it needs to find these two (OpenSSL does), nor keep more than LONGEST_HELLO octets that are not
// a whole hello.
import { Octets } from '../base/octets.ts';

/** Octets in which a hello must be whole, headers of records included. */
export const LONGEST_HELLO = 16_384;

export interface ClientHello {
  /** Lower case, latin1, without a final dot; undefined: none was said. */
  readonly name: string | undefined;
  /** What the client would speak, latin1; undefined: it does not say. */
  readonly protocols: readonly string[] | undefined;
}

export type HelloOutcome =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  /** It is none; `cause` is for the log. */
  | { readonly kind: 'wrong'; readonly cause: string };

const MORE: HelloOutcome = { kind: 'more' };
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const LONGEST_FRAGMENT = 16_384;

const wrong = (cause: string): HelloOutcome => ({ kind: 'wrong', cause });

export class ClientHelloReader {
  /** Everything that came. */
  readonly #raw = new Octets();
  /** The handshake message out of the records. */
  readonly #message = new Octets();
  /** Where the next record begins in #raw. */
  #at = 0;

  /** Octets that came so far. */
  get length(): number {
    return this.#raw.length;
  }

  /** Takes the next octets. To be called until it says anything but 'more'. */
  push(chunk: Buffer): HelloOutcome {
    this.#raw.add(chunk);
    const raw = this.#raw.view;
    for (;;) {
      const left = raw.length - this.#at;
      // What is no TLS is seen at its first octet: nobody waits for more of it.
      if (left > 0 && raw[this.#at] !== HANDSHAKE) return wrong('no TLS record, or no handshake');
      if (left > 1 && raw[this.#at + 1] !== 3) return wrong('no version of TLS');
      if (left < 5) break;
      const length = raw.readUInt16BE(this.#at + 3);
      if (length === 0 || length > LONGEST_FRAGMENT) return wrong('a TLS record of a wrong length');
      if (left < 5 + length) break;
      this.#message.add(raw, this.#at + 5, this.#at + 5 + length);
      this.#at += 5 + length;
      const outcome = readMessage(this.#message.view);
      if (outcome.kind !== 'more') return outcome;
    }
    return raw.length >= LONGEST_HELLO ? wrong(`a ClientHello of more than ${LONGEST_HELLO} octets`) : MORE;
  }

  /** Everything that came, for who makes the handshake; nothing is kept. */
  take(): Buffer {
    this.#message.clear();
    this.#at = 0;
    return this.#raw.take();
  }
}

function readMessage(message: Buffer): HelloOutcome {
  if (message[0] !== CLIENT_HELLO) return wrong('no ClientHello');
  if (message.length < 4) return MORE;
  const length = message.readUIntBE(1, 3);
  if (length > LONGEST_HELLO) return wrong(`a ClientHello of more than ${LONGEST_HELLO} octets`);
  if (message.length < 4 + length) return MORE;
  const hello = readHello(new Fields(message.subarray(4, 4 + length)));
  return hello === undefined ? wrong('a malformed ClientHello') : { kind: 'hello', hello };
}

/** What lies one behind the other; undefined wherever there is less than was announced. */
class Fields {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get isEmpty(): boolean {
    return this.#at === this.#octets.length;
  }

  /** A number of so many octets. */
  number(octets: 1 | 2): number | undefined {
    if (this.#at + octets > this.#octets.length) return undefined;
    this.#at += octets;
    return this.#octets.readUIntBE(this.#at - octets, octets);
  }

  octets(length: number): Buffer | undefined {
    if (this.#at + length > this.#octets.length) return undefined;
    this.#at += length;
    return this.#octets.subarray(this.#at - length, this.#at);
  }

  /** Octets behind their number. */
  vector(octets: 1 | 2): Buffer | undefined {
    const length = this.number(octets);
    return length === undefined ? undefined : this.octets(length);
  }
}

function readHello(fields: Fields): ClientHello | undefined {
  // Version and random; session, cipher suites, compression.
  if (fields.octets(34) === undefined) return undefined;
  for (const size of [1, 2, 1] as const) if (fields.vector(size) === undefined) return undefined;
  let name: string | undefined;
  let protocols: readonly string[] | undefined;
  if (fields.isEmpty) return { name, protocols };
  const list = fields.vector(2);
  if (list === undefined) return undefined;
  const extensions = new Fields(list);
  while (!extensions.isEmpty) {
    const type = extensions.number(2);
    const value = extensions.vector(2);
    if (type === undefined || value === undefined) return undefined;
    if (type === SERVER_NAME) {
      const read = readServerName(value);
      if (read === undefined) return undefined;
      name ??= read === '' ? undefined : read;
    } else if (type === ALPN) {
      const read = readProtocols(value);
      if (read === undefined) return undefined;
      protocols ??= read;
    }
  }
  return { name, protocols };
}

/** '' when there is no host name. */
function readServerName(value: Buffer): string | undefined {
  const list = new Fields(value).vector(2);
  if (list === undefined) return undefined;
  const names = new Fields(list);
  let found = '';
  while (!names.isEmpty) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type === undefined || name === undefined) return undefined;
    if (type === HOST_NAME && found === '') found = name.toString('latin1').toLowerCase().replace(/\.$/, '');
  }
  return found;
}

function readProtocols(value: Buffer): readonly string[] | undefined {
  const list = new Fields(value).vector(2);
  if (list === undefined) return undefined;
  const names = new Fields(list);
  const protocols: string[] = [];
  while (!names.isEmpty) {
    const name = names.vector(1);
    if (name === undefined) return undefined;
    protocols.push(name.toString('latin1'));
  }
  return protocols;
}
