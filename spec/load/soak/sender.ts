// The clients of the soak: sessions one after the other with messages of all sizes, wrong commands, slow and cut connections. Remembers of
// each message what the server said about it.
import { createHash } from 'node:crypto';
import type { Seeded } from '../../fakes/seeded.ts';
import { SmtpClient } from '../../fakes/smtp-client.ts';

export type Verdict =
  /** 250 at dot: it must have arrived, once. */
  | 'accepted'
  /** 4xx or 5xx at dot. */
  | 'refused'
  /** The connection ended before a reply: nobody knows. */
  | 'unknown';

export class Sent {
  readonly verdicts = new Map<number, Verdict>();
  sessions = 0;
  commands = 0;
  #next = 1;
  readonly problems: string[] = [];

  number(): number {
    return this.#next++;
  }

  problem(text: string): void {
    if (this.problems.length < 20) this.problems.push(text);
  }
}

const WRONG = [
  'WHAT',
  'RCPT TO:<a',
  'MAIL FROM:<@>',
  'DATA',
  'HELO',
  'AUTH PLAIN x',
  `NOOP ${'x'.repeat(5000)}`,
  'NOOP\0',
  'RCPT TO:<refused@d.example>',
];
const LINE = 'The quick brown fox jumps over the lazy dog, see http://www.example.com/path?x=1 for more.\r\n';

/** Content behind the header block, mostly small. */
function randomBody(random: Seeded): string {
  const size = random.pick([
    200,
    1000,
    1000,
    5000,
    5000,
    20_000,
    100_000,
    400_000,
    random.oneIn(8) ? 6_000_000 : 2000,
  ]);
  const lines = Math.ceil(size / LINE.length);
  const start = random.pick([
    '',
    '.\r\n',
    '\r\n..\r\n',
    '\xe9\xff\0\r\n',
    '--b\r\nContent-Type: text/html\r\n\r\n<a href="//x.example">\r\n',
  ]);
  return start + LINE.repeat(lines);
}

export class Sender {
  readonly #port: number;
  readonly #sent: Sent;
  readonly #random: Seeded;

  constructor(port: number, sent: Sent, random: Seeded) {
    this.#port = port;
    this.#sent = sent;
    this.#random = random;
  }

  /** Sessions until `stop` says so. */
  async run(stop: () => boolean): Promise<void> {
    while (!stop()) {
      await this.#session();
      if (this.#random.oneIn(3)) await new Promise((resolve) => setTimeout(resolve, this.#random.below(100)));
    }
  }

  async #session(): Promise<void> {
    const random = this.#random;
    this.#sent.sessions++;
    const client = await SmtpClient.connect(this.#port, `127.0.0.${1 + random.below(250)}`);
    try {
      if (!(await client.reply()).startsWith('220')) return;
      if (random.oneIn(30)) return;
      await this.#say(client, random.oneIn(5) ? 'HELO c.example' : 'EHLO c.example');
      for (let n = 1 + random.below(4); n > 0; n--) {
        if (random.oneIn(4)) await this.#say(client, random.pick(WRONG));
        if (random.oneIn(40)) return;
        if (!(await this.#message(client))) return;
      }
      if (!random.oneIn(5)) await this.#say(client, 'QUIT');
    } finally {
      if (random.oneIn(10)) client.socket.resetAndDestroy();
      else client.destroy();
    }
  }

  async #say(client: SmtpClient, line: string): Promise<string> {
    this.#sent.commands++;
    const reply = await client.command(line);
    if (reply !== '' && !/^[2-5]\d\d[ -][^\n]*\r\n/.test(reply))
      this.#sent.problem(`reply: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** False when the session is over. */
  async #message(client: SmtpClient): Promise<boolean> {
    const random = this.#random;
    for (const line of [
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<c@d.example>',
      'RCPT TO:<e@d.example>',
      'DATA',
    ]) {
      const reply = await this.#say(client, line);
      if (reply === '' || reply.startsWith('421')) return false;
      if (!/^[23]/.test(reply)) {
        await this.#say(client, 'RSET');
        return true;
      }
    }
    const number = this.#sent.number();
    const body = randomBody(random);
    const digest = createHash('md5').update(body, 'latin1').digest('hex');
    const type = random.oneIn(3) ? 'Content-Type: multipart/mixed; boundary=b\r\n' : '';
    const head = `X-Soak: ${number}\r\nX-Digest: ${digest}\r\nSubject: message ${number}\r\n${type}\r\n`;
    const wire = Buffer.from(`${(head + body).replace(/(^|\r\n)\./g, '$1..')}.\r\n`, 'latin1');
    this.#sent.verdicts.set(number, 'unknown');
    if (random.oneIn(15)) {
      client.write(wire.subarray(0, random.below(wire.length)));
      if (random.oneIn(2)) await new Promise((resolve) => setTimeout(resolve, random.below(50)));
      return false;
    }
    if (random.oneIn(4)) {
      for (const piece of random.cut(wire, 1 + Math.ceil(wire.length / 10))) {
        client.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } else client.write(wire);
    if (random.oneIn(40)) return false;
    const reply = await client.reply();
    if (reply === '') return false;
    this.#sent.verdicts.set(number, reply.startsWith('250') ? 'accepted' : 'refused');
    return !reply.startsWith('421');
  }
}
