// A next hop that says what a test has told it, in one connection: SMTP (RFC 5321) and LMTP (RFC 2033) as far as a client of smtpe speaks them. It
// takes what nobody has told it to refuse, and keeps what it has taken.
//
// It must never keep a message that it has not answered with 250, nor say anything that the test has not foreseen but the usual yes.
import type { Duplex } from 'node:stream';
import { lowerAscii } from '../../base/ascii.ts';

/** A reply: `550 5.1.1 no`. `silent`: none ever comes. `closes`: it hangs up instead. */
export type HopAnswer = string | 'silent' | 'closes';

export interface HopScript {
  readonly banner?: HopAnswer | undefined;
  readonly ehlo?: HopAnswer | undefined;
  /** By sender. */
  readonly mail?: AnswerBy | undefined;
  /** By recipient. */
  readonly rcpt?: AnswerBy | undefined;
  readonly data?: HopAnswer | undefined;
  readonly dot?: HopAnswer | undefined;
}

/** One answer for all, or one for each address in lower case; the others are taken. */
export type AnswerBy = HopAnswer | ReadonlyMap<string, HopAnswer>;

/** What a next hop has taken. Texts are latin1. */
export interface TakenMessage {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Unstuffed. */
  readonly data: Buffer;
}

const SILENT = 'silent';
const CLOSES = 'closes';

function answerFor(by: AnswerBy | undefined, address: string, usual: string): HopAnswer {
  if (by === undefined) return usual;
  return typeof by === 'string' ? by : (by.get(lowerAscii(address)) ?? usual);
}

const isYes = (answer: HopAnswer): boolean => /^[23]/.test(answer);

/** `<a@b> SIZE=1` of a command; a quoted local part may have `>` in it (RFC 5321 section 4.1.2). */
const pathOf = (line: string): string => /<((?:"(?:[^"\\]|\\.)*"|[^>"])*)>/.exec(line)?.[1] ?? '';

export class ScriptedHop {
  readonly #script: HopScript;
  readonly #stream: Duplex;
  readonly #taken: (message: TakenMessage) => void;
  readonly #lmtp: boolean;
  #input = Buffer.alloc(0);
  /** Behind the input: content whose end has not come. */
  #pieces: Buffer[] = [];
  /** The last octets that came, in which the end of content may begin. */
  #tail = Buffer.alloc(0);
  #sender = '';
  #recipients: string[] = [];
  /** Collects content: by DATA up to the dot. */
  #inContent = false;
  #silent = false;

  /** `taken` gets what it has answered with 250. */
  constructor(
    script: HopScript,
    stream: Duplex,
    listener: {
      readonly lmtp: boolean;
      readonly taken: (message: TakenMessage) => void;
    },
  ) {
    this.#script = script;
    this.#stream = stream;
    this.#taken = listener.taken;
    this.#lmtp = listener.lmtp;
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#answer(script.banner ?? '220 next hop');
  }

  #answer(answer: HopAnswer): boolean {
    if (this.#silent) return false;
    if (answer === SILENT) this.#silent = true;
    else if (answer === CLOSES) this.#stream.end();
    else this.#stream.write(`${answer.replaceAll(/\r?\n/g, '\r\n')}\r\n`, 'latin1');
    return isYes(answer);
  }

  #received(chunk: Buffer): void {
    this.#pieces.push(chunk);
    const seen = Buffer.concat([this.#tail, chunk]);
    this.#tail = seen.subarray(-4);
    // Looked at once: what is large comes in many pieces.
    if (this.#inContent && !seen.includes('\r\n.\r\n')) return;
    this.#input = Buffer.concat([this.#input, ...this.#pieces]);
    this.#pieces = [];
    while (!this.#silent) {
      if (this.#inContent ? !this.#content() : !this.#command()) return;
    }
  }

  /** False when more has to come first. */
  #command(): boolean {
    const end = this.#input.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#input.toString('latin1', 0, end);
    this.#input = this.#input.subarray(end + 2);
    const verb = /^[a-z]+/i.exec(line)?.[0].toUpperCase() ?? '';
    switch (verb) {
      case 'EHLO':
      case 'LHLO':
        this.#answer(this.#script.ehlo ?? '250-next hop\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8');
        return true;
      case 'MAIL': {
        const sender = pathOf(line);
        if (this.#answer(answerFor(this.#script.mail, sender, '250 2.1.0 ok'))) this.#begin(sender);
        return true;
      }
      case 'RCPT': {
        const recipient = pathOf(line);
        if (this.#answer(answerFor(this.#script.rcpt, recipient, '250 2.1.5 ok')))
          this.#recipients.push(recipient);
        return true;
      }
      case 'DATA':
        if (this.#recipients.length === 0) this.#answer('503 5.5.1 no recipients');
        else this.#inContent = this.#answer(this.#script.data ?? '354 go on');
        return true;
      case 'RSET':
        this.#begin('');
        this.#answer('250 2.0.0 ok');
        return true;
      case 'QUIT':
        this.#answer('221 2.0.0 bye');
        this.#stream.end();
        return true;
      default:
        this.#answer(verb === 'HELO' || verb === 'NOOP' ? '250 ok' : '500 5.5.1 unknown');
        return true;
    }
  }

  #begin(sender: string): void {
    this.#sender = sender;
    this.#recipients = [];
  }

  #content(): boolean {
    const all = this.#input;
    const isEmpty = all.subarray(0, 3).toString('latin1') === '.\r\n';
    const found = isEmpty ? 0 : all.indexOf('\r\n.\r\n');
    if (found < 0) return false;
    const dot = isEmpty ? 0 : found + 2;
    const content = all.subarray(0, dot);
    this.#input = all.subarray(dot + 3);
    this.#inContent = false;
    const data = Buffer.from(content.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1'), 'latin1');
    const answer = (): boolean => this.#answer(this.#script.dot ?? '250 2.0.0 taken');
    let yes = answer();
    // RFC 2033 section 4.2: a reply for each recipient. The message is there when one of them is yes.
    if (this.#lmtp) for (const _ of this.#recipients.slice(1)) yes = answer() || yes;
    if (yes) this.#taken({ sender: this.#sender, recipients: this.#recipients, data });
    this.#begin('');
    return true;
  }
}
