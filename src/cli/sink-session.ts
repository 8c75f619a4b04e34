// One client of `smtpe sink`: the dialogue of a server that says yes to all that no rule refuses (RFC 5321), and keeps what it takes. Content goes to the
// file as it comes; a line longer than LONGEST_LINE ends the session.
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Clock, RandomInteger } from '../base/clock.ts';
import { codeOrText } from '../base/errors.ts';
import { DotFraming } from '../message/framing/dot.ts';
import { LineReader } from '../net/line-reader.ts';
import { ruleFor, type SinkRule, type SinkStage } from './sink-rules.ts';
import type { SinkStore } from './sink-store.ts';

export interface SinkParts {
  readonly clock: Clock;
  readonly random: RandomInteger;
  readonly store: SinkStore;
  readonly rules: readonly SinkRule[];
  /** Octets of a message. */
  readonly size: number;
  /** A line for whoever watches. */
  readonly tell: (text: string) => void;
}

const LONGEST_LINE = 2048;
const MOST_RECIPIENTS = 1000;
/** Enough for the header that is shown. */
const HEAD = 8192;
const IDLE_MS = 300_000;
/** A quoted local part may have angle brackets in it (RFC 5321 section 4.1.2). */
const PATH = /<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>/;

/** What is said; undefined: the connection is closed. */
interface Said {
  readonly reply: string | undefined;
  /** The session ends behind it. */
  readonly last?: true;
}

const OK: Said = { reply: '250 2.0.0 OK' };

interface Envelope {
  readonly from: string;
  readonly to: string[];
}

interface Receiving {
  readonly framing: DotFraming;
  readonly n: number;
  readonly file: string;
  readonly stream: Writable;
  head: string;
  bytes: number;
  error: string | undefined;
}

export class SinkSession {
  readonly #socket: Socket;
  readonly #parts: SinkParts;
  readonly #lines = new LineReader(LONGEST_LINE);
  #envelope: Envelope | undefined;
  #receiving: Receiving | undefined;
  #over = false;
  /** Pieces are taken one after the other, as the end of a message waits for the disk. */
  #working: Promise<void> = Promise.resolve();

  constructor(socket: Socket, parts: SinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.setTimeout(IDLE_MS, () => this.#end('421 4.4.2 nothing was said for 5 minutes'));
    socket.on('error', () => undefined);
    socket.on('close', () => void this.#closed());
    socket.on('data', (chunk: Buffer) => {
      socket.pause();
      this.#working = this.#working
        .then(() => this.#received(chunk))
        .catch((error: unknown) => this.#end(`421 4.3.0 ${codeOrText(error)}`))
        .finally(() => socket.resume());
    });
    this.#answer(this.#judge('banner', '', '220 sink ESMTP').said);
  }

  #closed(): void {
    this.#over = true;
    const receiving = this.#receiving;
    if (receiving === undefined) return;
    this.#receiving = undefined;
    receiving.stream.destroy();
    void this.#parts.store.drop(receiving.file);
  }

  async #received(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && !this.#over) {
      if (this.#receiving !== undefined) {
        rest = await this.#content(this.#receiving, rest);
        continue;
      }
      const end = rest.indexOf(10) + 1;
      this.#lines.push(end === 0 ? rest : rest.subarray(0, end));
      rest = end === 0 ? rest.subarray(rest.length) : rest.subarray(end);
      const event = this.#lines.next();
      if (event.kind === 'line') {
        const said = this.#command(event.text);
        if (said.last === true && said.reply !== undefined) this.#end(said.reply);
        else this.#answer(said);
      }
      if (event.kind === 'too-long' || event.kind === 'tls' || this.#lines.buffered > LONGEST_LINE)
        this.#end('500 5.5.2 that is no line of SMTP');
    }
  }

  /** What stands behind the end of the message. */
  async #content(receiving: Receiving, chunk: Buffer): Promise<Buffer> {
    const progress = receiving.framing.feed(chunk, 0, (piece) => {
      receiving.bytes += piece.length;
      if (receiving.head.length < HEAD) receiving.head += piece.toString('latin1').slice(0, HEAD);
      if (receiving.bytes <= this.#parts.size) receiving.stream.write(piece);
    });
    if (receiving.stream.writableNeedDrain && receiving.error === undefined)
      await new Promise<void>((resolve) => {
        receiving.stream.once('drain', resolve);
        receiving.stream.once('close', resolve);
      });
    if (progress.kind !== 'end') return Buffer.alloc(0);
    await this.#dot(receiving);
    return chunk.subarray(progress.next);
  }

  async #dot(receiving: Receiving): Promise<void> {
    const { bytes, file, head, n, stream } = receiving;
    const envelope = this.#envelope;
    const { clock, store, tell } = this.#parts;
    stream.end();
    await finished(stream).catch((error: unknown) => {
      receiving.error = codeOrText(error);
    });
    this.#receiving = undefined;
    this.#envelope = undefined;
    if (envelope === undefined) return;
    const refusal =
      bytes > this.#parts.size
        ? '552 5.3.4 message too large'
        : receiving.error === undefined
          ? undefined
          : `451 4.3.0 ${receiving.error}`;
    const rule = refusal === undefined ? this.#rule('dot', '') : undefined;
    if (refusal !== undefined || (rule !== undefined && !/^2/.test(rule.reply ?? ''))) {
      await store.drop(file);
      this.#answer(rule === undefined ? { reply: refusal } : rule);
      return;
    }
    const subject = /^Subject:[ \t]*([^\r\n]*)/im.exec(head.split('\r\n\r\n')[0] ?? '')?.[1] ?? '';
    const { from, to } = envelope;
    const time = new Date(clock.now()).toISOString();
    const client = this.#socket.remoteAddress ?? '';
    await store.take({ n, time, client, from, to, bytes, subject: subject.slice(0, 200), file });
    tell(`${n} from <${from}> to ${to.map((address) => `<${address}>`).join(' ')}, ${bytes} bytes`);
    this.#answer(rule ?? { reply: `250 2.0.0 taken as ${n}` });
  }

  #command(line: string): Said {
    const [, verb = '', argument = ''] = /^(\S*)\s*(.*)$/s.exec(line) ?? [];
    const address = PATH.exec(argument)?.[1] ?? '';
    switch (verb.toUpperCase()) {
      case 'EHLO':
      case 'LHLO': {
        this.#envelope = undefined;
        const offers = [`SIZE ${this.#parts.size}`, '8BITMIME', 'SMTPUTF8', 'PIPELINING'];
        return this.#judge(
          'ehlo',
          '',
          `${['sink', ...offers].map((one) => `250-${one}\r\n`).join('')}250 ENHANCEDSTATUSCODES`,
        ).said;
      }
      case 'HELO':
        this.#envelope = undefined;
        return this.#judge('ehlo', '', '250 sink').said;
      case 'MAIL':
        return this.#mail(argument, address);
      case 'RCPT':
        return this.#rcpt(argument, address);
      case 'DATA':
        return this.#data();
      case 'RSET':
        this.#envelope = undefined;
        return OK;
      case 'NOOP':
        return OK;
      case 'QUIT':
        return { reply: '221 2.0.0 bye', last: true };
      default:
        return { reply: '502 5.5.1 the sink knows EHLO MAIL RCPT DATA RSET NOOP QUIT' };
    }
  }

  #mail(argument: string, address: string): Said {
    if (!/^FROM:\s*</i.test(argument)) return { reply: '501 5.5.4 MAIL FROM:<address>' };
    if (this.#envelope !== undefined) return { reply: '503 5.5.1 a message is under way' };
    const { said, yes } = this.#judge('mail', address, '250 2.1.0 OK');
    if (yes) this.#envelope = { from: address, to: [] };
    return said;
  }

  #rcpt(argument: string, address: string): Said {
    const envelope = this.#envelope;
    if (envelope === undefined) return { reply: '503 5.5.1 MAIL first' };
    if (address === '' || !/^TO:\s*</i.test(argument)) return { reply: '501 5.5.4 RCPT TO:<address>' };
    if (envelope.to.length >= MOST_RECIPIENTS) return { reply: '452 4.5.3 too many recipients' };
    const { said, yes } = this.#judge('rcpt', address, '250 2.1.5 OK');
    if (yes) envelope.to.push(address);
    return said;
  }

  #data(): Said {
    if (this.#envelope === undefined || this.#envelope.to.length === 0)
      return { reply: '503 5.5.1 RCPT first' };
    const { said, yes } = this.#judge('data', '', '354 end with a dot');
    if (!yes) return said;
    const begun = this.#parts.store.begin();
    const receiving: Receiving = {
      ...{ framing: new DotFraming(), ...begun, head: '', bytes: 0, error: undefined },
    };
    begun.stream.on('error', (error) => {
      receiving.error ??= codeOrText(error);
    });
    this.#receiving = receiving;
    return said;
  }

  #rule(stage: SinkStage, address: string): SinkRule | undefined {
    return ruleFor(this.#parts.rules, stage, address, () => this.#parts.random(100));
  }

  /** What a rule wants, or the usual; `yes`: the dialogue goes on. */
  #judge(stage: SinkStage, address: string, usual: string): { readonly said: Said; readonly yes: boolean } {
    const rule = this.#rule(stage, address);
    return { said: rule ?? { reply: usual }, yes: rule === undefined || /^[23]/.test(rule.reply ?? '') };
  }

  #answer({ reply }: Said): void {
    if (this.#over) return;
    if (reply === undefined) this.#socket.destroy();
    else this.#socket.write(`${reply}\r\n`, 'latin1');
  }

  #end(reply: string): void {
    this.#answer({ reply });
    this.#over = true;
    this.#socket.end();
  }
}
