// What a policy gets from dns.wait when the name server is broken or hostile, within which time, and that nothing stays behind. Real
// sockets and real time: dns-max-timeout is 1 s, the shortest, and the cases run at once.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock, type Timer } from '../../src/base/clock.ts';
import {
  type Action,
  FakeDnsServer,
  faults,
  rcodeAction,
  recordsAction,
} from '../../src/bench/ports/dns-server.ts';
import { nameOctets, recordOctets, u16 } from '../../src/bench/ports/dns-zone.ts';
import { rcode } from '../../src/dns/resolver-api.ts';
import { type DnsRig, dnsRig, type QueryRecord } from '../fakes/dns-rig.ts';
import { openSockets, socketsClosed } from '../fakes/open-sockets.ts';
import { waitUntil } from '../fakes/wait-until.ts';

/** The system's clock with a count of the timers that are neither cancelled nor fired. */
class CountingClock implements Clock {
  pending = 0;
  now = systemClock.now;
  monotonic = systemClock.monotonic;
  after(ms: number, fire: () => void): Timer {
    let live = true;
    const end = (): void => {
      if (live) this.pending--;
      live = false;
    };
    this.pending++;
    const timer = systemClock.after(ms, () => {
      end();
      fire();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
      restart: () => timer.restart(),
      unref: () => timer.unref(),
    };
  }
}

/** What the record of a long text holds: the text, and its strings of at most 255 octets. */
function text(letter: string, length: number): { value: Buffer; strings: string[] } {
  const value = Buffer.from(letter.repeat(length));
  const count = Math.ceil(length / 255);
  return {
    value,
    strings: Array.from({ length: count }, (_, i) => letter.repeat(Math.min(255, length - i * 255))),
  };
}

const zone = [
  'a.test A 300 192.0.2.1',
  'b.test A 300 192.0.2.2',
  'big.test TXT 300 '.concat('x'.repeat(4000)),
  'huge.test TXT 300 '.concat('y'.repeat(60_000)),
];

interface Case {
  /** Instead of the answer, by UDP. */
  readonly udp?: readonly Action[];
  /** Instead of the answer, by TCP. */
  readonly tcp?: readonly Action[];
  /** Nothing listens on the TCP port. */
  readonly noTcp?: boolean;
  readonly question?: readonly [type: string, name: string];
  readonly options?: Readonly<Record<string, string>>;
  /** What the entry has. */
  readonly gives: Readonly<Record<string, unknown>>;
}

const address = { rcode: 0, answer: [{ name: 'a.test.', class: 1, type: 1, ttl: 300, value: '192.0.2.1' }] };
const timedOut = { rcode: rcode.TIMEDOUT, error: expect.stringContaining('no answer within 1 s') };
const servfail = (cause: RegExp) => ({ rcode: rcode.SERVFAIL, error: expect.stringMatching(cause) });
const packet = (make: (reply: Buffer) => Buffer | readonly Buffer[]): Action => ({
  kind: 'packet',
  make: (_query, reply) => make(reply),
});
const drop: Action = { kind: 'drop' };
const toQuestion = u16(0xc00c);

const cases: Record<string, Case> = {
  'nothing wrong': { gives: address },
  silent: { udp: [drop], gives: timedOut },
  'silent once': { udp: [drop, { kind: 'answer' }], options: { 'dns-max-timeout': '5' }, gives: address },
  slow: { udp: [{ kind: 'delay', ms: 300 }], gives: address },
  'slower than dns-max-timeout': { udp: [{ kind: 'delay', ms: 3000 }], gives: timedOut },
  'an empty packet': { udp: [packet(() => Buffer.alloc(0))], gives: timedOut },
  'less than a header': { udp: [faults.tiny], gives: timedOut },
  'noise with the right id': {
    udp: [packet((reply) => Buffer.concat([reply.subarray(0, 2), Buffer.alloc(100, 0xa5)]))],
    gives: timedOut,
  },
  'the query itself': { udp: [faults.isQuery], gives: timedOut },
  'a wrong id': { udp: [faults.wrongId], gives: timedOut },
  'a wrong id, then the answer': {
    udp: [{ kind: 'packet', make: (q, r) => [faults.wrongId.make(q, r), r] }],
    gives: address,
  },
  'a wrong question': { udp: [faults.wrongQuestion], gives: timedOut },
  'a wrong question, then the answer': {
    udp: [{ kind: 'packet', make: (q, r) => [faults.wrongQuestion.make(q), r] }],
    gives: address,
  },
  'the answer twice': { udp: [packet((reply) => [reply, reply])], gives: address },
  'garbage behind the question': {
    udp: [faults.garbage],
    gives: servfail(/malformed answer \(.*answer record 1\)/),
  },
  'more records announced than there are': {
    udp: [packet((reply) => Buffer.concat([reply.subarray(0, 6), u16(9), reply.subarray(8)]))],
    gives: servfail(/malformed answer \(.*answer record 2\)/),
  },
  'an address of 3 octets': {
    udp: [recordsAction(recordOctets(toQuestion, 1, 300, Buffer.from([1, 2, 3])))],
    gives: servfail(/data of type 1/),
  },
  'a pointer to itself': {
    udp: [recordsAction(recordOctets(u16(0xc000 | 24), 1, 300, Buffer.alloc(4)))],
    gives: servfail(/owner name/),
  },
  'records of another name only': {
    udp: [recordsAction(recordOctets('bank.test', 1, 300, Buffer.from([192, 0, 2, 66])))],
    gives: { rcode: 0, answer: undefined },
  },
  'records of another name beside the answer': {
    udp: [
      recordsAction(
        recordOctets('bank.test', 1, 300, Buffer.from([192, 0, 2, 66])),
        recordOctets(toQuestion, 1, 300, Buffer.from([192, 0, 2, 1])),
      ),
    ],
    gives: address,
  },
  'NUL, line end, dot and 8-bit octets in a name': {
    question: ['PTR', 'a.test'],
    udp: [
      recordsAction(recordOctets(toQuestion, 12, 300, nameOctets('\\000a\\010Bcc: x\\.y\\255\\\\.test'))),
    ],
    gives: {
      rcode: 0,
      answer: [
        { name: 'a.test.', class: 1, type: 12, ttl: 300, value: '\\000a\\010Bcc:\\032x\\.y\\255\\\\.test.' },
      ],
    },
  },
  'an alias to itself': {
    udp: [recordsAction(recordOctets(toQuestion, 5, 300, toQuestion))],
    gives: servfail(/aliases that lead back/),
  },
  'an alias to a name that cannot be asked': {
    udp: [recordsAction(recordOctets(toQuestion, 5, 300, nameOctets('a\\000.test')))],
    gives: servfail(/alias to a\\000\.test\./),
  },
  'an answer of 4,000 octets by UDP': {
    question: ['TXT', 'big.test'],
    gives: {
      rcode: 0,
      answer: [{ name: 'big.test.', class: 1, type: 16, ttl: 300, ...text('x', 4000) }],
    },
  },
  'an answer of 60,000 octets by TCP': {
    question: ['TXT', 'huge.test'],
    udp: [faults.truncated],
    gives: {
      rcode: 0,
      answer: [{ name: 'huge.test.', class: 1, type: 16, ttl: 300, ...text('y', 60_000) }],
    },
  },
  'FORMERR for everything': { udp: [rcodeAction(1)], gives: { rcode: rcode.FORMAT, error: undefined } },
  'FORMERR without question for everything': { udp: [rcodeAction(1, false)], gives: timedOut },
  'an rcode that nobody knows': { udp: [rcodeAction(13)], gives: { rcode: 13, error: undefined } },
  'truncated, by TCP the answer': { udp: [faults.truncated], gives: address },
  'truncated, with dns-ignore-tcp': {
    udp: [faults.truncated],
    options: { 'dns-ignore-tcp': '+' },
    gives: { rcode: 0, ttl: 0 },
  },
  'truncated, and TCP refused': {
    udp: [faults.truncated],
    noTcp: true,
    gives: servfail(/answer truncated, and TCP ECONNREFUSED/),
  },
  'truncated, and TCP silent': { udp: [faults.truncated], tcp: [drop], gives: timedOut },
  'truncated, and TCP slow': { udp: [faults.truncated], tcp: [{ kind: 'delay', ms: 300 }], gives: address },
  'truncated, and a wrong id by TCP': {
    udp: [faults.truncated],
    tcp: [faults.wrongId],
    gives: servfail(/TCP answer to another question/),
  },
  'truncated, and a wrong question by TCP': {
    udp: [faults.truncated],
    tcp: [faults.wrongQuestion],
    gives: servfail(/TCP answer to another question/),
  },
  'truncated, and garbage by TCP': {
    udp: [faults.truncated],
    tcp: [faults.garbage],
    gives: servfail(/malformed answer/),
  },
  'truncated, and nothing in the TCP answer': {
    udp: [faults.truncated],
    tcp: [packet(() => Buffer.alloc(0))],
    gives: servfail(/TCP answer to another/),
  },
  'truncated by TCP too': {
    udp: [faults.truncated],
    tcp: [faults.truncated],
    gives: { rcode: 0, answer: undefined, ttl: 0 },
  },
};
// A TCP answer cut behind each octet of its beginning.
for (const octets of [0, 1, 2, 3, 13, 14, 20, 40]) {
  cases[`truncated, and TCP cut after ${octets} octets`] = {
    udp: [faults.truncated],
    tcp: [{ kind: 'cut', octets }],
    gives: servfail(/answer truncated, and TCP connection closed before the answer was complete/),
  };
}

const before = openSockets();
// All sockets of all cases.
afterAll(() => socketsClosed(before));

/** The fields that a case names. */
function picked(entry: QueryRecord | undefined, names: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...entry };
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

async function running(one: Case): Promise<{ server: FakeDnsServer; dns: DnsRig; clock: CountingClock }> {
  const server = await FakeDnsServer.start(zone, { tcp: one.noTcp !== true });
  const name = one.question?.[1] ?? 'a.test';
  if (one.udp !== undefined) server.script((query) => !query.tcp && query.name === name, ...one.udp);
  if (one.tcp !== undefined) server.script((query) => query.tcp && query.name === name, ...one.tcp);
  const clock = new CountingClock();
  // Short only where the silence is what is asked for: this machine may be slow.
  const timeout = one.gives === timedOut ? '1' : '30';
  const dns = await dnsRig(server, { clock, options: { 'dns-max-timeout': timeout, ...one.options } });
  return { server, dns, clock };
}

describe('a name server that sends', () => {
  it.concurrent.each(Object.entries(cases))('%s', async (_name, one) => {
    const { server, dns, clock } = await running(one);
    const started = performance.now();
    const { list } = await dns.ask(one.question ?? ['A', 'a.test']);
    const elapsed = performance.now() - started;
    expect(picked(list[0], Object.keys(one.gives))).toEqual(one.gives);
    if (list[0]?.rcode === rcode.TIMEDOUT) expect(elapsed).toBeGreaterThan(900);
    expect(list[0]?.error === undefined || list[0].answer === undefined).toBe(true);
    // Nothing is left, and the next question is served.
    expect(clock.pending).toBe(0);
    await waitUntil(() => expect(server.connections).toBe(0));
    dns.start('reset');
    await waitUntil(async () => {
      const next = (await dns.ask(['A', 'b.test'])).list[0];
      expect(next).toMatchObject({ rcode: 0, answer: [{ value: '192.0.2.2' }] });
    });
    expect(clock.pending).toBe(0);
    dns.close();
    await server.close();
  });
});

describe('a name server', () => {
  it.concurrent('whose answers are cut anywhere gives no wrong data', async () => {
    const { server, dns, clock } = await running({ gives: timedOut });
    const whole = 12 + 12 + 22;
    server.script((query) => query.name !== 'b.test', {
      kind: 'packet',
      make: (query) => {
        const length = Number(/^n(\d+)/.exec(query.name)?.[1]);
        const question = query.question;
        const full = Buffer.concat([
          u16(query.id),
          Buffer.from('818000010001000000 00'.replace(' ', ''), 'hex'),
          question,
          recordOctets('x.test', 1, 300, Buffer.from([192, 0, 2, 66])),
        ]);
        return full.subarray(0, length);
      },
    });
    const names = Array.from({ length: whole }, (_, i) => `n${i}.test`);
    const { list } = await dns.ask(...names.map((name) => ['A', name] as const));
    expect(new Set(list.map((entry) => entry.rcode))).toEqual(new Set([rcode.SERVFAIL, rcode.TIMEDOUT]));
    expect(list.every((entry) => entry.answer === undefined && entry.error !== undefined)).toBe(true);
    expect(clock.pending).toBe(0);
    dns.close();
    await server.close();
  });

  it.concurrent('that is not there: the entry says so in time', async () => {
    const server = await FakeDnsServer.start();
    await server.close();
    const clock = new CountingClock();
    const dns = await dnsRig(server, { clock, options: { 'dns-max-timeout': '1' } });
    const { list } = await dns.ask(['A', 'a.test'], ['MX', 'a.test']);
    for (const entry of list) {
      expect(entry).toMatchObject({
        rcode: rcode.TIMEDOUT,
        error: expect.stringMatching(/within 1 s.*ECONNREFUSED/),
      });
    }
    expect(clock.pending).toBe(0);
    dns.close();
  });

  it.concurrent('that ends in the middle: the next one answers', async () => {
    const [first, second] = [await FakeDnsServer.start(zone), await FakeDnsServer.start(zone)];
    first.script(() => true, drop);
    const clock = new CountingClock();
    const dns = await dnsRig([first, second], { clock, options: { 'dns-max-timeout': '5' } });
    const asked = dns.ask(['A', 'a.test']);
    await first.seen(1);
    await first.close();
    expect((await asked).list[0]).toMatchObject(address);
    expect(clock.pending).toBe(0);
    dns.close();
    await second.close();
  });

  it.concurrent('whose answers somebody else forges: only its own count', async () => {
    const { server, dns, clock } = await running({ udp: [{ kind: 'hold' }], gives: {} });
    const asked = dns.ask(['A', 'a.test']);
    await server.seen(1);
    const [query] = server.queries;
    if (query === undefined) throw new Error('no query');
    const forger = createSocket('udp4');
    forger.bind(0, '127.0.0.1');
    await once(forger, 'listening');
    const forged = recordsAction(recordOctets('a.test', 1, 300, Buffer.from([192, 0, 2, 66])));
    if (forged.kind !== 'packet') throw new Error('no packet');
    const made = forged.make(query, Buffer.alloc(0));
    for (const octets of [made].flat()) {
      await new Promise((resolve) => forger.send(octets, query.port, '127.0.0.1', resolve));
    }
    server.release();
    expect((await asked).list[0]).toMatchObject(address);
    expect(clock.pending).toBe(0);
    forger.close();
    dns.close();
    await server.close();
  });
});
