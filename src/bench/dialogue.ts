// The client of a case: says what its test says, in SMTP (RFC 5321), over a stream in memory, and reads what comes. It connects when it is first to say
// or hear something. Time stands still while it waits: what does not come by itself does not come.
//
// It must never wait for ever: it goes on without a reply when nothing happens any more.
import { type Duplex, duplexPair } from 'node:stream';
import { LuaError } from '../lua-api/function-spec.ts';
import type { Peer } from '../net/peer.ts';
import type { TlsFacts } from '../net/tls-facts.ts';
import { type Reply, replyText } from '../smtp/protocol/reply.ts';
import { ReplyParser } from '../smtp/protocol/reply-parser.ts';
import { doneOrAtRest } from './at-rest.ts';
import { shown } from './shown.ts';
import type { World } from './world.ts';

/** Who takes a connection. */
export type Serve = (stream: Duplex, peer: Peer) => Promise<void>;

/** An address that nobody has (RFC 5737), for clients whose test does not care. */
const SOMEBODY = '192.0.2.1';
const OUR_ADDRESS = '198.51.100.25';

/** CRLF at every line, dots doubled (RFC 5321 section 4.5.2). */
export const stuffed = (text: string): string =>
  text
    .replaceAll(/\r?\n/g, '\r\n')
    .replace(/(?:\r\n)?$/, '\r\n')
    .replaceAll(/(^|\r\n)\./g, '$1..');

export class Dialogue {
  readonly #world: World;
  readonly #serve: Serve;
  readonly #parser = new ReplyParser();
  #address = SOMEBODY;
  #host: string | undefined;
  #tls: TlsFacts | undefined;
  #stream: Duplex | undefined;
  #isClosed = false;
  #isOver = false;
  /** The last reply since the client has last said something. */
  #reply: Reply | undefined;
  /** In words: what the client said last. */
  said = 'the connection';
  /** A greeting was said, by the test or for it. */
  #greeted = false;

  constructor(world: World, serve: Serve) {
    this.#world = world;
    this.#serve = serve;
  }

  /** Who it is; before it has connected. */
  from(address: string, host: string | undefined): void {
    this.#mustBeNew('from');
    this.#address = address;
    this.#host = host;
  }

  tls(facts: TlsFacts): void {
    this.#mustBeNew('tls');
    this.#tls = facts;
  }

  #mustBeNew(method: string): void {
    if (this.#stream !== undefined)
      throw new LuaError(
        `s:${method} says who connects: it comes first, before anything else of this session`,
      );
  }

  get host(): string | undefined {
    return this.#host;
  }

  /** Undefined: none came. */
  get reply(): Reply | undefined {
    return this.#reply;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Connects, unless it has, and waits for the banner. */
  async connect(): Promise<void> {
    if (this.#stream !== undefined) return;
    this.#world.names.addClient(this.#address, this.#host);
    const [ours, theirs] = duplexPair();
    this.#stream = ours;
    ours.on('data', (chunk: Buffer) => this.#received(chunk));
    for (const event of ['end', 'close', 'error'] as const)
      ours.on(event, () => {
        this.#isClosed = true;
      });
    const peer: Peer = {
      ...{ address: this.#address, port: 50_025, socketAddress: this.#address },
      ...{ localAddress: OUR_ADDRESS, localPort: 25 },
      ...(this.#tls && { tls: this.#tls }),
    };
    void this.#serve(theirs, peer).then(() => {
      this.#isOver = true;
    });
    await this.#wait();
  }

  #received(chunk: Buffer): void {
    this.#parser.push(chunk);
    for (;;) {
      const read = this.#parser.next();
      if (read.kind !== 'reply') return;
      this.#reply = read.reply;
    }
  }

  async #wait(): Promise<void> {
    await doneOrAtRest(() => this.#reply !== undefined || this.#isClosed);
  }

  /** Waits until nothing happens any more, as when the end of a connection is to be seen. */
  async rest(): Promise<void> {
    await doneOrAtRest(() => false);
  }

  /** EHLO, unless the test has said one. */
  async greet(): Promise<void> {
    await this.connect();
    if (!this.#greeted && !this.#isClosed) await this.command(`EHLO ${this.#host ?? 'client.example'}`);
  }

  /** Says a line and waits for its reply. `shownAs`: what people see of it. */
  async command(line: string, shownAs = line): Promise<Reply | undefined> {
    await this.connect();
    this.#mustBeOpen(shownAs);
    if (/^(?:HELO|EHLO|LHLO)\b/i.test(line)) this.#greeted = true;
    this.said = shown(shownAs);
    return this.say(Buffer.from(`${line}\r\n`, 'latin1'));
  }

  /** Says the content of a message: lines as they are, dots stuffed, CRLF line ends. */
  async content(text: string): Promise<Reply | undefined> {
    return this.stuffedContent(stuffed(text));
  }

  /** The same as it stands on the wire, without the dot at its end. */
  async stuffedContent(text: string): Promise<Reply | undefined> {
    this.said = 'the dot';
    return this.say(Buffer.from(`${text}.\r\n`, 'latin1'));
  }

  /** Says any octets and waits for a reply. */
  async say(bytes: Buffer): Promise<Reply | undefined> {
    this.#reply = undefined;
    this.write(bytes);
    await this.#wait();
    return this.#reply;
  }

  /** Says any octets, and does not wait. */
  write(bytes: Buffer): void {
    this.#stream?.write(bytes);
  }

  #mustBeOpen(what: string): void {
    if (!this.#isClosed) return;
    const last = this.#reply === undefined ? '' : `; its last reply was ${shown(replyText(this.#reply))}`;
    throw new LuaError(`the server has closed the connection, ${shown(what)} cannot be said${last}`);
  }

  /** The client goes: it says nothing more. */
  hangUp(): void {
    this.#stream?.end();
  }

  /** The session is over, or never began. */
  get isOver(): boolean {
    return this.#isOver || this.#stream === undefined;
  }
}
