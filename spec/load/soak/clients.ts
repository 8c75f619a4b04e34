// The clients of the soak run: sessions that send mail and now and then misbehave at any step. Each waits for the replies it gets, so
// that the ledger knows what was promised.
import { setTimeout as wait } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { Seeded } from '../../fakes/seeded.ts';
import { onTheWire, type SmtpClient } from '../../fakes/smtp-client.ts';
import type { Ledger, Sent } from './ledger.ts';
import { signatureOf } from './sender.ts';
import { type Arrival, arrive, type Ports, secured } from './ways.ts';

/** Nothing that the server does may take longer: the next hop's silence ends after smtp-dot-timeout. */
const STUCK = 90_000;

export interface World {
  readonly ports: Ports;
  readonly ledger: Ledger;
  readonly random: Seeded;
  /** Resolves when the next message may be sent; false: no more. */
  turn(): Promise<boolean>;
  /** Number of the newest policy. */
  revision(): number;
  count(what: string): void;
}

/** Ends a session; not an error. */
class Over extends Error {}

/** 100 B to 2 MB, most of them small. */
function size(random: Seeded): number {
  const kind = random.below(1000);
  if (kind < 600) return 100 + random.below(10_000);
  if (kind < 930) return 10_000 + random.below(90_000);
  if (kind < 990) return 100_000 + random.below(400_000);
  return 500_000 + random.below(1_600_000);
}

class Session {
  readonly #world: World;
  readonly #arrival: Arrival;
  readonly #revision: number;
  /** Another one after STARTTLS. */
  #client: SmtpClient;

  constructor(world: World, arrival: Arrival, revision: number) {
    this.#world = world;
    this.#arrival = arrival;
    this.#client = arrival.client;
    this.#revision = revision;
  }

  async run(messages: number): Promise<void> {
    const { random, count } = this.#world;
    await this.#reply('banner');
    this.#perhapsLeave();
    await this.#hello();
    for (let i = 0; i < messages; i++) {
      if (!(await this.#world.turn())) break;
      this.#perhapsLeave();
      if (random.below(60) === 0) {
        count('bad command');
        await this.#command(['HELLO', 'MAIL TO', 'RCPT', '\0\xff\r', ''][random.below(5)] ?? '');
      }
      if (random.below(80) === 0) {
        count('oversized line');
        await this.#command(`NOOP ${'x'.repeat(5000 + random.below(100_000))}`);
      }
      await this.#message();
    }
    count('quit');
    await this.#command('QUIT');
  }

  /** The connection as it is now. */
  get client(): SmtpClient {
    return this.#client;
  }

  async #hello(): Promise<void> {
    const { address, secret, upgrade } = this.#arrival;
    const { count, ledger } = this.#world;
    if (upgrade) {
      await this.#command('EHLO client.example');
      const reply = await this.#command('STARTTLS');
      if (!reply.startsWith('220')) ledger.complain(`STARTTLS answered ${reply}`);
      this.#client = await secured(this.#client, count);
    }
    const name = `from-${address}-${secret || upgrade}`;
    const reply = await this.#command(`EHLO ${name}`);
    if (!reply.startsWith('250')) ledger.complain(`${name}: ${reply}`);
    if (secret || upgrade ? reply.includes('STARTTLS') : !reply.includes('STARTTLS'))
      ledger.complain(`${name}: STARTTLS in the wrong place`);
  }

  async #message(): Promise<void> {
    const { random, ledger, count } = this.#world;
    const stages = ['mail', 'rcpt', 'data', 'header', 'body', 'dot'];
    let sender = 'a';
    if (random.below(1500) === 0) {
      count('endless loop in a hook');
      sender = 'fault-spin';
    } else if (random.below(150) === 0) {
      count('Lua error in a hook');
      sender = `fault-${stages[random.below(stages.length)]}`;
    }
    if (!(await this.#command(`MAIL FROM:<${sender}@example.com>`)).startsWith('2')) return this.#reset();
    this.#perhapsLeave();
    if (random.below(20) === 0) await this.#command('RCPT TO:<nobody@refused.example>');
    for (let left = random.below(10) === 0 ? 3 : 1; left > 0; left--) {
      const recipient = `${'b'.repeat(1 + random.below(30))}@example.net`;
      if (!(await this.#command(`RCPT TO:<${recipient}>`)).startsWith('2')) return this.#reset();
    }
    this.#perhapsLeave();
    if (random.below(6) === 0) {
      const message = await this.#written();
      count('by BDAT');
      return this.#chunks(message, ledger.content(message));
    }
    if (!(await this.#command('DATA')).startsWith('3')) return this.#reset();
    const message = await this.#written();
    await this.#content(message, onTheWire(ledger.content(message)));
  }

  /** A new message, one of four with a signature. */
  async #written(): Promise<Sent> {
    const { random, ledger } = this.#world;
    const message = ledger.create(size(random), this.#revision);
    if (random.below(4) === 0) message.signature = await signatureOf(ledger.content(message));
    return message;
  }

  async #content(message: Sent, wire: Buffer): Promise<void> {
    const { random, count } = this.#world;
    const way = random.below(100);
    if (way === 0) {
      count('left in the content');
      message.outcome = 'cut';
      this.#client.write(wire.subarray(0, random.below(wire.length)));
      throw new Over();
    }
    if (way < 10) {
      for (let at = 0; at < wire.length; ) {
        const next = at + 1 + random.below(wire.length / 3);
        this.#client.write(wire.subarray(at, next));
        at = next;
        await wait(random.below(20));
      }
    } else this.#client.write(wire);
    if (way === 99) {
      count('left after the dot');
      message.outcome = 'cut';
      await wait(random.below(30));
      throw new Over();
    }
    message.outcome = 'cut';
    const reply = await this.#reply('dot');
    const digit = reply[0];
    if (digit === '2' || digit === '4' || digit === '5') message.outcome = digit;
    if (digit === '2' && reply.slice(0, 3) !== '250') this.#world.ledger.complain(`dot answered ${reply}`);
    this.#goOn(reply);
  }

  /** Up to five chunks, the last of which may be empty. */
  async #chunks(message: Sent, content: Buffer): Promise<void> {
    const { random, count } = this.#world;
    message.outcome = 'cut';
    const cuts = Array.from({ length: random.below(5) }, () => random.below(content.length + 1));
    const ends = [...cuts.toSorted((a, b) => a - b), content.length];
    let from = 0;
    for (const [index, to] of ends.entries()) {
      const last = index === ends.length - 1;
      const chunk = content.subarray(from, to);
      this.#client.write(`BDAT ${chunk.length}${last ? ' LAST' : ''}\r\n`);
      if (random.below(100) === 0) {
        count('left in a chunk');
        this.#client.write(chunk.subarray(0, random.below(chunk.length + 1)));
        throw new Over();
      }
      this.#client.write(chunk);
      const reply = await this.#reply('BDAT');
      const digit = reply[0];
      if (last && digit === '2') message.outcome = digit;
      if (digit === '4' || digit === '5') message.outcome = digit;
      this.#goOn(reply);
      if (digit !== '2') return this.#reset();
      from = to;
    }
  }

  async #reset(): Promise<void> {
    await this.#command('RSET');
  }

  #perhapsLeave(): void {
    if (this.#world.random.below(300) !== 0) return;
    this.#world.count('left between commands');
    throw new Over();
  }

  async #command(line: string): Promise<string> {
    this.#client.write(`${line}\r\n`);
    const reply = await this.#reply(line.slice(0, 30));
    this.#goOn(reply);
    return reply;
  }

  #goOn(reply: string): void {
    if (reply === '') this.#world.count('closed without a reply');
    if (reply.startsWith('421')) this.#world.count('421');
    if (reply === '' || reply.startsWith('421') || reply.startsWith('221')) throw new Over();
  }

  async #reply(to: string): Promise<string> {
    const alarm = setTimeout(() => {
      this.#world.ledger.complain(`no reply to ${to} within ${STUCK / 1000} s`);
      this.#client.destroy();
    }, STUCK);
    try {
      const reply = await this.#client.reply();
      if (reply !== '' && !/^[2-5]\d\d[ -][^\0]*\r\n$/.test(reply))
        this.#world.ledger.complain(`reply to ${to} is none: ${JSON.stringify(reply.slice(0, 200))}`);
      return reply;
    } finally {
      clearTimeout(alarm);
    }
  }
}

/** One session: a connection with one message, or one that is kept for many. */
export async function session(world: World): Promise<void> {
  if (!(await world.turn())) return;
  const revision = world.revision();
  const arrival = await arrive(world.random, world.ports, world.count);
  const session = new Session(world, arrival, revision);
  try {
    await session.run(world.random.below(2) === 0 ? 1 : 2 + world.random.below(40));
  } catch (error) {
    if (!(error instanceof Over)) throw error;
  } finally {
    // Half of them end politely, half of them break off.
    const { client } = session;
    if (world.random.below(2) === 0) client.socket.end(() => client.destroy());
    else if (client.socket instanceof TLSSocket) client.destroy();
    else client.socket.resetAndDestroy();
  }
}
