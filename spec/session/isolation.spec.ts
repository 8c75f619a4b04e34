// Many sessions at once under a policy that suspends in every hook: none ever sees anything of another one, however they end, and afterwards
// nothing of them is left. SMTPE_SOAK_SESSIONS sets their number (CI: 300; the whole soak: 2000), 50 at a time.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer, type SeenQuery } from '../../src/bench/ports/dns-server.ts';
import { packetOctets, recordOctets } from '../../src/bench/ports/dns-zone.ts';
import { type HopConnection, NextHop } from '../../src/bench/ports/next-hop.ts';
import { Seeded } from '../fakes/seeded.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { type Fate, type Outcome, Visitor } from './isolation-visitor.ts';

const SESSIONS = Number(process.env.SMTPE_SOAK_SESSIONS ?? 300);
const AT_ONCE = 50;
const TXT = 16;
/** What DNS answers take, milliseconds. */
const DELAYS = [0, 0, 0, 1, 2, 3, 7, 15];

/** The token of the query's first label, as TXT: an answer belongs to one session only. */
function answerWithToken(query: SeenQuery): Buffer {
  const [mine = ''] = query.name.split('.');
  const text = Buffer.concat([Buffer.from([mine.length]), Buffer.from(mine, 'latin1')]);
  return packetOctets({
    id: query.id,
    question: query.question,
    answer: [recordOctets(query.name, TXT, 1, text)],
  });
}

/** Tokens in a text. */
function tokensIn(text: string): readonly string[] {
  return [...new Set(text.match(/tok\d+p\d+/g) ?? [])];
}

/** Envelope and content of what one connection of the next hop got, one string a message. */
function received(connection: HopConnection): readonly string[] {
  const messages: string[] = [];
  let envelope = '';
  for (const event of connection.events) {
    if ('recv' in event && /^(MAIL|RCPT)/i.test(event.recv)) {
      envelope = event.recv.startsWith('MAIL') ? event.recv : envelope + event.recv;
    }
    if ('recv_data' in event) messages.push(envelope + event.recv_data);
  }
  return messages;
}

describe(`isolation of ${SESSIONS} sessions, ${AT_ONCE} at a time`, () => {
  let dns: FakeDnsServer;
  let hop: NextHop;
  let server: WholeServer;

  beforeAll(async () => {
    dns = await FakeDnsServer.start([], { tcp: false });
    let turnOf = 0;
    for (const [i, ms] of DELAYS.entries()) {
      dns.script((query) => query.name.length % DELAYS.length === i, {
        kind: 'delay',
        ms,
        make: answerWithToken,
      });
    }
    dns.script((query) => query.name.startsWith('never.') && ++turnOf > 0, { kind: 'drop' });
    hop = await NextHop.start();
    const [policy = '', isolation_module = ''] = await Promise.all(
      ['isolation.lua', 'isolation_module.lua'].map((name) =>
        readFile(join(import.meta.dirname, name), 'latin1'),
      ),
    );
    server = await WholeServer.start({
      policy,
      files: { 'isolation_module.lua': isolation_module },
      options: {
        'dns-servers': dns.address,
        'smtp-smart-host': hop.target,
        'smtp-default-at-dot': '550',
        'smtp-xclient-hosts': '127.0.0.0/8',
        // More than a busy machine can add to what the others do.
        'hook-cpu-limit': '1500',
        'dns-cache-size': '100',
      },
    });
  });

  afterAll(async () => {
    await server.stop();
    await hop.close();
    await dns.close();
  });

  /** Runs `count` sessions, `AT_ONCE` at a time; their outcomes. */
  async function visits(count: number, seed: number): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        const client = await server.connect(`127.0.${index % 200}.${1 + (index % 250)}`);
        outcomes.push(await new Visitor(client, index, new Seeded(seed + index)).run());
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    await server.quiet();
    hop.hangUp();
    return outcomes;
  }

  it('shows no session anything of another one, and nothing is left of them', {
    timeout: 600_000,
  }, async () => {
    // Names, caches and pools have their usual size after some sessions.
    await visits(60, 1_000_000);
    const before = await server.settled();
    const bytes = server.luaBytes();
    const arrivedBefore = hop.connections.flatMap(received).length;
    server.log.lines.length = 0;
    const outcomes = await visits(SESSIONS, 1);

    expect(server.said(/VIOLATION/).slice(0, 5)).toEqual([]);
    expect(server.said(/^(emerg|crit)|^err internal error|attempt to/).slice(0, 5)).toEqual([]);
    const foreign = outcomes.flatMap(({ token, replies }) =>
      replies.flatMap((reply) => tokensIn(reply).filter((other) => other !== token)),
    );
    expect(foreign).toEqual([]);

    // Every kind of session was there, and came to the end that it was meant for.
    const byFate = new Map<Fate, Outcome[]>();
    for (const outcome of outcomes) byFate.set(outcome.fate, [...(byFate.get(outcome.fate) ?? []), outcome]);
    expect([...byFate.keys()].toSorted()).toEqual([
      'cpu',
      'drop',
      'error',
      'hang',
      'leave',
      'none',
      'object',
    ]);
    for (const { replies, messages } of byFate.get('none') ?? []) {
      expect(replies.at(-1)).toMatch(/^221 2\.0\.0 tok/);
      expect(messages.every(({ reply }) => reply.startsWith('250 '))).toBe(true);
    }
    for (const fate of ['error', 'object', 'cpu'] as const) {
      for (const { replies } of byFate.get(fate) ?? []) expect(replies.at(-1)).toMatch(/^421 4\.3\.0 /);
    }
    for (const { replies, token } of byFate.get('drop') ?? []) {
      expect(replies.at(-1)).toBe(`421 4.7.0 dropped ${token}\r\n`);
    }
    expect(server.said(/"limit":"cpu"/).length).toBe(byFate.get('cpu')?.length);
    // hook.close ran once for each.
    expect(server.said(/^info closed (tok|port|nobody)/).length).toBe(SESSIONS);

    // What was answered 250 has arrived, once, whole and unmixed; what was not answered at most once.
    const arrived = hop.connections.flatMap(received).slice(arrivedBefore);
    for (const text of arrived) expect(tokensIn(text)).toHaveLength(1);
    const count = new Map<string, number>();
    for (const text of arrived) {
      const [token = ''] = tokensIn(text);
      count.set(token, (count.get(token) ?? 0) + 1);
      expect(text).toContain(`\r\nX-Eoh: ${token}\r\nX-Dot: ${token}\r\n\r\n`);
      expect(text).toContain(`RCPT TO:<${token}.1@rcpt.example>\r\nRCPT TO:<${token}.2@rcpt.example>\r\n`);
    }
    for (const { token, messages, unanswered } of outcomes) {
      const accepted = messages.filter(({ reply }) => reply.startsWith('250')).length;
      const got = count.get(token) ?? 0;
      expect([token, got >= accepted && got <= accepted + unanswered]).toEqual([token, true]);
    }

    expect(await server.backTo(before)).toEqual(before);
    expect(server.luaBytes() - bytes).toBeLessThan(20_000);
  });
});
