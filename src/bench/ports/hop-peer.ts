// One connection of a scripted next hop: answers each stage as told, and records everything. The end of a content is found however it is cut.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HopAction, HopConnection, HopEvent, HopReply, HopScript, HopStage } from './hop-script.ts';

export class HopPeer implements HopConnection {
  readonly events: HopEvent[] = [];
  readonly commands: string[] = [];
  readonly contents: Buffer[] = [];
  readonly reads: string[] = [];
  closed = false;
  #socket: Socket;
  readonly #script: HopScript;
  readonly #next: (stage: HopStage) => HopReply;
  readonly #notify: () => void;
  #text = '';
  /** Pieces of the content while it comes; the last bytes of what came so far find an end that is split. */
  #content: Buffer[] | undefined;
  /** A chunk of BDAT that is coming in, and those of its message before it. */
  #chunk: { left: number; readonly last: boolean } | undefined;
  #chunks: Buffer[] = [];
  #contentSize = 0;
  #tail = '\r\n';
  #auth: ((line: string) => HopReply) | undefined;
  #silent = false;
  #contentDone = false;
  /** Writes in order, also when they are split. */
  #writing: Promise<void> = Promise.resolve();

  constructor(socket: Socket, script: HopScript, next: (stage: HopStage) => HopReply, notify: () => void) {
    this.#socket = socket;
    this.#script = script;
    this.#next = next;
    this.#notify = notify;
    if (script.tls?.implicit === true) {
      this.#secure(() => this.#answer('banner'));
      return;
    }
    this.#attach(socket);
    this.#answer('banner');
  }

  say(text: string): void {
    this.#send(text);
  }

  #attach(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.closed) return;
      this.closed = true;
      this.#record({ closed: true });
    });
  }

  #record(event: HopEvent): void {
    this.events.push(event);
    this.#notify();
  }

  #received(chunk: Buffer): void {
    if (this.#silent) return;
    if (this.#content !== undefined) {
      this.#receivedContent(chunk);
      return;
    }
    if (this.#chunk !== undefined) {
      this.#receivedChunk(chunk, this.#chunk);
      return;
    }
    this.reads.push(chunk.toString('latin1'));
    this.#text += chunk.toString('latin1');
    this.#commands();
  }

  #commands(): void {
    for (;;) {
      if (this.#content !== undefined || this.#chunk !== undefined || this.#silent) return;
      const end = this.#text.indexOf('\n');
      if (end < 0) return;
      const line = this.#text.slice(0, end + 1);
      this.#text = this.#text.slice(end + 1);
      this.commands.push(line.trimEnd());
      this.#record({ recv: line });
      this.#command(line);
    }
  }

  #command(line: string): void {
    if (line.startsWith('AUTH') && this.#auth === undefined) this.#auth = this.#script.auth?.();
    if (this.#auth !== undefined) {
      const next = this.#auth(line.trimEnd()) ?? { end: 'close' };
      const action = typeof next === 'string' ? { reply: next } : next;
      if (action.reply?.startsWith('334') !== true) this.#auth = undefined;
      this.#act(action);
      return;
    }
    const verb = line.slice(0, 4).toLowerCase();
    switch (verb) {
      case 'xcli':
        this.#answer('xclient');
        return;
      case 'lhlo':
        this.#answer('ehlo');
        return;
      case 'ehlo':
      case 'helo':
      case 'mail':
      case 'rcpt':
      case 'rset':
      case 'noop':
        this.#answer(verb);
        return;
      case 'quit':
        if (this.#answer('quit')) void this.#writing.then(() => this.#socket.end());
        return;
      case 'star':
        if (this.#answer('starttls')) this.#secure();
        return;
      case 'data':
        if (this.#answer('data')) this.#beginContent();
        return;
      case 'bdat':
        this.#beginChunk(line);
        return;
      default:
        this.#send('502 5.5.1 unknown\r\n');
    }
  }

  /** True when a positive (2xx or 354) reply was given and the connection goes on. */
  #answer(stage: HopStage): boolean {
    const next = this.#next(stage);
    if (typeof next === 'string') {
      this.#send(next);
      return /^(2|354)/.test(next);
    }
    return this.#act(next ?? { end: 'close' });
  }

  #act(action: HopAction): boolean {
    if (action.reply !== undefined) this.#send(action.reply);
    if (action.end === undefined) return /^(2|354)/.test(action.reply ?? '');
    this.#silent = true;
    const end = action.end;
    void this.#writing.then(() => {
      if (end === 'close') this.#socket.end();
      if (end === 'reset') this.#socket.resetAndDestroy();
    });
    return false;
  }

  #send(text: string): void {
    this.#record({ send: text });
    const size = this.#script.split ?? text.length;
    this.#writing = this.#writing.then(async () => {
      const bytes = Buffer.from(text, 'latin1');
      for (let at = 0; at < bytes.length; at += size) {
        if (this.#socket.destroyed) return;
        this.#socket.write(bytes.subarray(at, at + size));
        if (size < bytes.length) await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  #secure(then = (): unknown => undefined): void {
    const tls = this.#script.tls;
    if (tls === undefined) return;
    this.#text = '';
    const plain = this.#socket;
    plain.removeAllListeners('data');
    void this.#writing.then(() => {
      const secure = new TLSSocket(plain, { isServer: true, key: tls.key, cert: tls.cert });
      this.#socket = secure;
      secure.once('secure', () => {
        this.#record({ secured: true });
        then();
      });
      this.#attach(secure);
    });
  }

  #beginChunk(line: string): void {
    const [, size = '', last] = /^bdat (\d+)( last)?\r\n$/i.exec(line) ?? [];
    const chunk = { left: Number(size), last: last !== undefined };
    this.#chunk = chunk;
    this.#contentSize = this.#chunks.reduce((sum, { length }) => sum + length, 0);
    const rest = Buffer.from(this.#text, 'latin1');
    this.#text = '';
    this.#receivedChunk(rest, chunk);
  }

  #receivedChunk(bytes: Buffer, chunk: { left: number; readonly last: boolean }): void {
    const taken = bytes.subarray(0, chunk.left);
    chunk.left -= taken.length;
    this.#contentSize += taken.length;
    this.#chunks.push(taken);
    if (chunk.left > 0) {
      this.#midContent();
      return;
    }
    this.#chunk = undefined;
    this.#text = bytes.toString('latin1', taken.length);
    if (chunk.last) {
      const all = Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.contents.push(all);
      this.#record({ recv_data: all.toString('latin1') });
    }
    if (!this.#answer(chunk.last ? 'dot' : 'bdat')) this.#chunks = [];
    this.#commands();
  }

  #beginContent(): void {
    this.#content = [];
    this.#contentSize = 0;
    this.#tail = '\r\n';
    const rest = Buffer.from(this.#text, 'latin1');
    this.#text = '';
    if (rest.length > 0) this.#receivedContent(rest);
  }

  #receivedContent(chunk: Buffer): void {
    const content = this.#content;
    if (content === undefined) return;
    // The end may lie across two chunks: look for it in the last bytes and the new ones.
    const seen = Buffer.concat([Buffer.from(this.#tail, 'latin1'), chunk]);
    const end = seen.indexOf('\r\n.\r\n');
    const before = this.#tail.length;
    if (end < 0) {
      content.push(chunk);
      this.#contentSize += chunk.length;
      this.#tail = seen.subarray(Math.max(0, seen.length - 4)).toString('latin1');
      this.#midContent();
      return;
    }
    // `seen` begins with what was given before (or the CRLF that stands in front of the content).
    content.push(chunk);
    const all = Buffer.concat(content);
    const length = this.#contentSize + end + 2 - before;
    this.contents.push(all.subarray(0, length));
    this.#content = undefined;
    this.#record({ recv_data: all.subarray(0, length).toString('latin1') });
    this.#text = all.subarray(length + 3).toString('latin1');
    this.#answer('dot');
    this.#commands();
  }

  #midContent(): void {
    const script = this.#script.content;
    if (script === undefined || this.#contentDone || this.#contentSize < script.after) return;
    this.#contentDone = true;
    if (script.pause === true) {
      this.#socket.pause();
      this.#notify();
    } else this.#act(script);
  }
}
