// Clients of the chaos run: each sends one numbered message after the other, now and then several over one connection, and tries a message
// again until it has heard 250 for it. Another one only connects, every 50 ms: while the service should live it is never refused.
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { SmtpClient } from '../../fakes/smtp-client.ts';
import type { ChaosRecord, Outcome } from './record.ts';

export interface ChaosWorld {
  readonly port: number;
  readonly record: ChaosRecord;
  /** No more messages are begun. */
  readonly over: () => boolean;
  /** The service should answer. */
  readonly lives: () => boolean;
}

/** Workers that died early are started again after at most half a minute. */
const PATIENCE_MS = 90_000;

/** A reply; '' when the connection is over. */
async function reply(client: SmtpClient): Promise<string> {
  const late = new AbortController();
  const silence = wait(PATIENCE_MS, 'silence', { signal: late.signal }).catch(() => 'silence');
  try {
    return await Promise.race([client.reply(), silence]);
  } finally {
    late.abort();
  }
}

/** Sends one message; gives the outcome. `world.lives` is asked when a 421 comes in a transaction. */
async function send(client: SmtpClient, token: string, world: ChaosWorld): Promise<Outcome> {
  const { record, lives } = world;
  const say = async (line: string): Promise<string> => {
    client.write(line);
    const text = await reply(client);
    if (text === 'silence')
      record.complain(`no reply to ${line.slice(0, 20).trim()} within ${PATIENCE_MS / 1000} s`);
    return text;
  };
  let lived = lives();
  const mail = await say('MAIL FROM:<a@chaos.example>\r\n');
  if (!mail.startsWith('250')) return mail === '' ? 'broken' : 'refused';
  for (const [line, code] of [
    ['RCPT TO:<b@chaos.example>\r\n', '250'],
    ['DATA\r\n', '354'],
  ] as const) {
    // Half a message may take its time, so that most troubles meet some in every state.
    await wait(Math.random() < 0.1 ? 300 : 0);
    lived = lives();
    const text = await say(line);
    if (text.startsWith(code)) continue;
    if (text === '') return 'broken';
    if (text.startsWith('421') && lived && lives()) record.complain(`421 in a transaction: ${text.trim()}`);
    record.count(`refused ${text.slice(0, 9)}`);
    return 'refused';
  }
  lived = lives();
  const text = await say(`Subject: chaos\r\nX-Token: ${token}\r\n\r\n${'x'.repeat(60)}\r\n.\r\n`);
  if (text.startsWith('250')) return 'taken';
  if (text === '') return 'unknown';
  if (text.startsWith('421') && lived && lives()) record.complain(`421 at the dot: ${text.trim()}`);
  record.count(`refused ${text.slice(0, 9)}`);
  return text.startsWith('421') ? 'unknown' : 'refused';
}

/** One client, until it is over. */
export async function chaosClient(world: ChaosWorld): Promise<void> {
  const { record } = world;
  let message = record.newMessage();
  while (!world.over()) {
    let client: SmtpClient;
    try {
      client = await SmtpClient.connect(world.port);
    } catch {
      await wait(100);
      continue;
    }
    try {
      if (!(await reply(client)).startsWith('220')) continue;
      client.write('EHLO c.chaos.example\r\n');
      if (!(await reply(client)).startsWith('250')) continue;
      for (let i = Math.random() < 0.3 ? 5 : 1; i > 0 && !world.over(); i--) {
        const token = record.begin(message);
        const outcome = await send(client, token, world);
        record.end(token, outcome);
        if (outcome !== 'taken') break;
        message = record.newMessage();
        await wait(20 + Math.random() * 60);
      }
    } finally {
      client.destroy();
    }
    await wait(20);
  }
}

/** Connects every 50 ms. */
export async function knock(world: ChaosWorld): Promise<void> {
  const { record, lives } = world;
  while (!world.over()) {
    const lived = lives();
    record.count('connections of 50 ms');
    const socket = connect(world.port, '127.0.0.1');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNREFUSED') return;
      if (lived && lives()) record.complain('connection refused while the service should live');
      else record.count('refused while it was to end or to start');
    });
    socket.once('connect', () => socket.destroy());
    await wait(50);
  }
}
