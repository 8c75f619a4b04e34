// One client of isolation.spec.ts: a token of its own in everything it sends, a dialogue with chance in it, and an end that it was meant for.
import type { Seeded } from '../fakes/seeded.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { turn } from '../fakes/whole-server.ts';

/** What shall happen to a session; `leave`: the client goes away at some step. */
export type Fate = 'none' | 'leave' | 'error' | 'object' | 'drop' | 'cpu' | 'hang';

/** Hooks in which a session can fail. */
const FATAL = ['ehlo', 'auth', 'mail', 'rcpt', 'data', 'header', 'eoh', 'body', 'dot', 'noop', 'quit'];

interface Message {
  readonly token: string;
  readonly reply: string;
}

export interface Outcome {
  readonly token: string;
  readonly fate: Fate;
  readonly replies: readonly string[];
  /** Messages whose reply at dot came. */
  readonly messages: readonly Message[];
  /** Messages sent whose reply did not come. */
  readonly unanswered: number;
}

function messageOf(token: string, n: number): Buffer {
  const lines = [
    `From: <${token}@sender.example>`,
    `X-Token: ${token}`,
    `Subject: ${token} http://${token}.subject.example/`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="b-${token}"`,
    '',
    `--b-${token}`,
    `Content-Type: text/plain; name=${token}.txt`,
    '',
    `message ${n} of ${token}, see http://${token}.one.example/ and`,
    `. a dot of ${token} http://${token}.two.example/`,
    `--b-${token}`,
    `Content-Type: application/octet-stream; name=${token}.bin`,
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(token).toString('base64'),
    `--b-${token}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

export class Visitor {
  readonly replies: string[] = [];
  readonly messages: Message[] = [];
  unanswered = 0;
  readonly token: string;
  readonly fate: Fate;
  readonly #client: SmtpClient;
  readonly #random: Seeded;
  #hook: string;
  /** The step behind which the client leaves. */
  readonly #leaveAt: number;
  #step = 0;
  #gone = false;

  constructor(client: SmtpClient, index: number, random: Seeded) {
    this.#client = client;
    this.#random = random;
    this.token = `tok${index}p${client.socket.localPort}`;
    const die = (index * 37) % 100;
    this.fate =
      die < 50
        ? 'none'
        : die < 70
          ? 'leave'
          : die < 77
            ? 'error'
            : die < 82
              ? 'object'
              : die < 90
                ? 'drop'
                : die < 92
                  ? 'cpu'
                  : 'hang';
    this.#hook = this.fate === 'none' || this.fate === 'leave' ? '' : random.pick(FATAL);
    // After QUIT a client may go away: hook.quit is left to come to its end.
    if (this.fate === 'hang' && this.#hook === 'quit') this.#hook = 'noop';
    this.#leaveAt = this.fate === 'leave' ? random.below(25) : Number.POSITIVE_INFINITY;
  }

  /** Sends something and takes its reply, unless this is where the client leaves. */
  async #say(text: string | Buffer, chunks = 1): Promise<string> {
    if (this.#gone) return '';
    const bytes = typeof text === 'string' ? Buffer.from(`${text}\r\n`, 'latin1') : text;
    if (chunks === 1) this.#client.write(bytes);
    else
      for (const piece of this.#random.cut(bytes, Math.ceil(bytes.length / chunks)))
        this.#client.write(piece);
    return this.#hear();
  }

  async #hear(): Promise<string> {
    if (this.#step++ === this.#leaveAt) return this.#leave();
    const wait = this.#client.reply();
    // A hook that hangs: whoever waits for this session is only the one who leaves it.
    const reply = this.fate === 'hang' ? await Promise.race([wait, this.#patience()]) : await wait;
    if (reply === undefined) return this.#leave();
    if (reply === '' || reply.startsWith('421')) this.#gone = true;
    this.replies.push(reply);
    return reply;
  }

  async #patience(): Promise<undefined> {
    for (let i = 0; i < 300; i++) await turn();
    return undefined;
  }

  async #leave(): Promise<string> {
    for (let i = this.#random.below(8); i > 0; i--) await turn();
    this.#gone = true;
    // A hook that hangs is cut off by a reset only: behind a FIN somebody may still wait for the reply.
    if (this.fate === 'hang' || this.#random.oneIn(2)) this.#client.socket.resetAndDestroy();
    else this.#client.destroy();
    return '';
  }

  async run(): Promise<Outcome> {
    const { token } = this;
    await this.#hear();
    if (this.#random.oneIn(3)) {
      const port = this.#client.socket.localPort;
      await this.#say(`XCLIENT NAME=client.example ADDR=10.1.2.${this.#random.below(250)} PORT=${port}`);
    }
    if (this.#random.oneIn(4)) await this.#say(`RCPT TO:<${token}@too.early.example>`);
    await this.#say(`EHLO ${token}.${this.fate}-${this.#hook === '' ? 'none' : this.#hook}`);
    await this.#say(`AUTH PLAIN ${Buffer.from(`\0${token}\0secret`).toString('base64')}`);
    for (let n = 1 + this.#random.below(2); n > 0 && !this.#gone; n--) {
      if (this.#random.oneIn(3)) await this.#say(`WHAT ${token}`);
      await this.#say('NOOP');
      await this.#say('HELP');
      await this.#message(n);
      if (this.#random.oneIn(3)) await this.#say(`HELO ${token}`);
      if (this.#random.oneIn(3)) await this.#say('RSET');
    }
    await this.#say('QUIT');
    if (!this.#gone) await this.#client.closed();
    this.#client.destroy();
    return {
      token,
      fate: this.fate,
      replies: this.replies,
      messages: this.messages,
      unanswered: this.unanswered,
    };
  }

  async #message(n: number): Promise<void> {
    const { token } = this;
    await this.#say(`MAIL FROM:<${token}@sender.example>`);
    await this.#say(`RCPT TO:<${token}.1@rcpt.example>`);
    await this.#say(`RCPT TO:<${token}.2@rcpt.example>`);
    const data = await this.#say('DATA');
    if (!data.startsWith('354')) return;
    this.unanswered++;
    const reply = await this.#say(onTheWire(messageOf(token, n)), 1 + this.#random.below(5));
    if (this.#gone && reply === '') return;
    this.unanswered--;
    this.messages.push({ token, reply });
  }
}
