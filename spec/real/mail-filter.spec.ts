// The policy etc/examples/mail-filter.lua in the built daemon, from connect to the next hop: NSD with the lists and domains below, clamd
// and spamd as their packages bring them. Clients come by XCLIENT from loopback.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { NextHop, refusedPort } from '../../src/bench/ports/next-hop.ts';
import { type Daemon, root, startDaemon } from '../fakes/daemon.ts';
import { onTheWire, SmtpClient } from '../fakes/smtp-client.ts';
import { startMeeting } from './meeting.ts';
import { type NameServer, startNsd, type Zones } from './name-servers.ts';
import { describeWith } from './needs.ts';
import { EICAR, GTUBE, type Scanner, startRealClamd, startRealSpamd } from './scanners.ts';

const zone = (name: string, ...lines: readonly string[]): string =>
  [
    `$ORIGIN ${name}`,
    '$TTL 300',
    '@ SOA ns.clients.test. root.clients.test. 1 3600 600 86400 60',
    '@ NS ns.clients.test.',
    ...lines,
    '',
  ].join('\n');

const zones: Zones = Object.fromEntries([
  ...Object.entries({
    // Clients 198.51.100.x: 10 is on zen and psbl, 11 on bl only, 12 nowhere; to 13 two lists say that they take no questions.
    'zen.example.': ['10.100.51.198 A 127.0.0.2', '13.100.51.198 A 127.255.255.254'],
    'bl.example.': ['11.100.51.198 A 127.0.0.4', '13.100.51.198 A 127.255.255.254'],
    'psbl.example.': ['10.100.51.198 A 127.0.0.3'],
    '100.51.198.in-addr.arpa.': [
      ...[10, 11, 12, 13].map((host) => `${host} PTR mail${host}.clients.test.`),
      // Delegated without a zone of its own (RFC 2317); the second of two names is the right one.
      '14 CNAME 14.0-63',
      '14.0-63 PTR mail10.clients.test.',
      '14.0-63 PTR mail14.clients.test.',
      '21 PTR mail12.clients.test.',
      '22 PTR nothing.clients.test.',
      '23 PTR mail.broken.test.',
    ],
    '8.b.d.0.1.0.0.2.ip6.arpa.': [
      '5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.clients.test.',
      '6.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.clients.test.',
    ],
    'clients.test.': [
      'ns A 127.0.0.1',
      ...[10, 11, 12, 13, 14].map((host) => `mail${host} A 198.51.100.${host}`),
      'six AAAA 2001:db8::25',
    ],
    'sender.test.': ['@ MX 10 mx', 'mx A 198.51.100.12'],
    'plain.test.': ['@ A 198.51.100.12'],
    'bare.test.': ['@ TXT "no mail here"'],
    'null.test.': ['@ MX 0 .', '@ A 198.51.100.12'],
  }).map(([name, lines]) => [name, zone(name, ...lines)]),
  ['broken.test.', undefined],
]);

const good = '198.51.100.12';
const HEAD =
  'Received: from a.sender.test (a.sender.test [198.51.100.12]) by mail12.clients.test; Fri, 20 Nov 2026 10:00:00 +0000\r\n' +
  'From: Alice <alice@sender.test>\r\nTo: bob@example.net\r\nSubject: folded\r\n\tsubject  \r\n' +
  'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\nMIME-Version: 1.0\r\n' +
  'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n';
const BODY =
  '\r\nHello Bob,\r\n\r\n.dots at the start\r\n.\r\n..\r\ncaf\xe9, \xff\x80 and trailing blanks  \r\n\r\n\r\n';

interface Names {
  readonly dns?: string;
  readonly clamd?: string;
  readonly spamd?: string;
  /** Seconds for a query. */
  readonly patience?: number;
}

describeWith(['nsd', 'clamd', 'spamd'], 'the example policy mail-filter.lua', () => {
  let nsd: NameServer;
  let clamd: Scanner;
  let spamd: Scanner;
  let main: Daemon;
  let hop: NextHop;
  /** Daemons of one test besides `main`. */
  const others: Daemon[] = [];
  const clients: SmtpClient[] = [];

  /** The daemon with the policy as it is in the package; addresses by its variables of the environment. */
  async function start(names: Names = {}): Promise<Daemon> {
    const variables = {
      FILTER_CLAMD: names.clamd ?? clamd.host,
      FILTER_SPAMD: names.spamd ?? spamd.host,
    };
    Object.assign(process.env, variables);
    try {
      return await startDaemon(await readFile(join(root, 'etc/examples/mail-filter.lua'), 'latin1'), [
        `dns-servers=${names.dns ?? nsd.address}`,
        `dns-max-timeout=${names.patience ?? 10}`,
        `smtp-smart-host=${hop.target}`,
        'smtp-xclient-hosts=127.0.0.0/8',
      ]);
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
    }
  }

  async function another(names: Names): Promise<Daemon> {
    const daemon = await start(names);
    others.push(daemon);
    return daemon;
  }

  async function stop(daemon: Daemon): Promise<void> {
    // What is refused or passed on leaves no file behind.
    const left = await readdir(daemon.spool);
    expect(await daemon.stop()).toBe(0);
    expect(left).toEqual([]);
  }

  async function connect(daemon = main): Promise<SmtpClient> {
    const client = await SmtpClient.connect(daemon.port);
    clients.push(client);
    expect(await client.reply()).toMatch(/^220 /);
    return client;
  }

  const xclient = (ip: string): string =>
    `XCLIENT ADDR=${ip.includes(':') ? 'IPv6:' : ''}${ip} NAME=client.test`;

  /** Refused at once: the reply, after which the connection is closed. */
  async function refused(ip: string, daemon = main): Promise<string> {
    const client = await connect(daemon);
    const reply = await client.command(xclient(ip));
    await client.closed();
    return reply;
  }

  /** A client that has been let in. */
  async function welcome(ip = good, daemon = main): Promise<SmtpClient> {
    const client = await connect(daemon);
    expect(await client.command(xclient(ip))).toMatch(/^220 /);
    expect(await client.command('EHLO client.test')).toMatch(/^250/);
    return client;
  }

  /** The reply to a message; QUIT has been answered then. */
  async function send(content: string, ip = good, daemon = main): Promise<string> {
    const client = await welcome(ip, daemon);
    expect(await client.command('MAIL FROM:<alice@sender.test>')).toMatch(/^250/);
    expect(await client.command('RCPT TO:<bob@example.net>')).toMatch(/^250/);
    expect(await client.command('DATA')).toMatch(/^354/);
    client.write(onTheWire(Buffer.from(content, 'latin1')));
    const reply = await client.reply();
    expect(await client.command('QUIT')).toMatch(/^221/);
    return reply;
  }

  /** What earlier tests brought to the next hop; its connections are kept for the next message. */
  const before = { contents: new Set<Buffer>(), lines: [] as number[] };
  const mark = (): void => {
    before.contents = new Set(hop.connections.flatMap((connection) => connection.contents));
    before.lines = hop.connections.map((connection) => connection.commands.length);
  };

  /** The messages that have reached the next hop, as they were before dots were stuffed. */
  const delivered = (): readonly string[] =>
    hop.connections
      .flatMap((connection) => connection.contents)
      .filter((content) => !before.contents.has(content))
      .map((content) => content.toString('latin1').replace(/(^|\r\n)\./g, '$1'));

  /** The commands that it has heard. */
  const heard = (): readonly string[] =>
    hop.connections.flatMap((connection, i) => connection.commands.slice(before.lines[i] ?? 0));

  beforeAll(async () => {
    [nsd, clamd, spamd] = await Promise.all([startNsd(zones), startRealClamd(), startRealSpamd()]);
    hop = await NextHop.start();
    main = await start();
  });
  afterAll(async () => {
    try {
      if (main !== undefined) await stop(main);
    } finally {
      await Promise.all([hop?.close(), nsd?.stop(), clamd?.stop(), spamd?.stop()]);
    }
  });
  beforeEach(mark);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    for (const daemon of others.splice(0)) await stop(daemon);
  });

  it('refuses a client on two of three lists, and names them', async () => {
    expect(await refused('198.51.100.10')).toBe(
      '554 5.7.1 198.51.100.10 is listed by zen.example and psbl.example\r\n',
    );
    await main.line(/refused: listed in zen\.example psbl\.example/);
  });

  it('takes mail from a client on one list, and says so in a header', async () => {
    expect(await send(HEAD + BODY, '198.51.100.11')).toMatch(/^250 /);
    const [message, ...more] = delivered();
    expect(more).toEqual([]);
    expect(message?.match(/^X-Listed-By:.*$/gm)).toEqual(['X-Listed-By: bl.example']);
  });

  it('does not take "no questions, please" for a listing', async () => {
    expect(await send(HEAD + BODY, '198.51.100.13')).toMatch(/^250 /);
    expect(delivered()[0]).not.toContain('X-Listed-By');
  });

  it('forgets the lists of the client before XCLIENT', async () => {
    const client = await welcome('198.51.100.11');
    expect(await client.command(xclient(good))).toMatch(/^220 /);
    await client.command('EHLO client.test');
    await client.command('MAIL FROM:<alice@sender.test>');
    await client.command('RCPT TO:<bob@example.net>');
    await client.command('DATA');
    client.write(onTheWire(Buffer.from(HEAD + BODY, 'latin1')));
    expect(await client.reply()).toMatch(/^250 /);
    expect(delivered()[0]).not.toContain('X-Listed-By');
  });

  it('refuses a client without a reverse name, or whose reverse name leads elsewhere or nowhere', async () => {
    for (const ip of ['198.51.100.20', '198.51.100.21', '198.51.100.22', '2001:db8::26', '2001:db8::27']) {
      expect(await refused(ip)).toBe(`554 5.7.25 ${ip} has no reverse name that leads back to it\r\n`);
    }
  });

  it('lets clients in whose reverse name leads back: IPv4, IPv6, by an alias, the second of two names', async () => {
    for (const ip of [good, '2001:db8::25', '198.51.100.14']) await welcome(ip);
  });

  it('asks nothing about our own networks', async () => {
    for (const ip of ['10.1.2.3', '192.168.1.1', '127.0.0.2', 'fd00::1']) await welcome(ip);
  });

  it('has a client come back when its reverse name cannot be looked up', async () => {
    expect(await refused('198.51.100.23')).toBe(
      '421 4.4.3 cannot look up 198.51.100.23 now, please try again\r\n',
    );
  });

  it('has every client come back while DNS is dead', async () => {
    const dead = await startNsd(zones);
    try {
      const daemon = await another({ dns: dead.address, patience: 2 });
      await welcome(good, daemon);
      await dead.stop();
      // One that the lists would have refused, and one that would have been let in; both are new, so no cache knows them.
      const ips = ['198.51.100.10', '198.51.100.14'];
      expect(await Promise.all(ips.map((ip) => refused(ip, daemon)))).toEqual(
        ips.map((ip) => `421 4.4.3 cannot look up ${ip} now, please try again\r\n`),
      );
    } finally {
      // Once more is harmless; a failure above must not leave it running.
      await dead.stop();
    }
  });

  const senders: readonly (readonly [string, string, string])[] = [
    [
      'a domain that does not exist',
      'a@nothing.sender.test',
      '550 5.1.8 nothing.sender.test can receive no mail',
    ],
    ['a domain without address and MX', 'a@bare.test', '550 5.1.8 bare.test can receive no mail'],
    ['a null MX', 'a@null.test', '550 5.7.27 null.test says that it takes no mail'],
    ['SERVFAIL', 'a@broken.test', '451 4.4.3 cannot look up broken.test now'],
    ['an MX', 'a@sender.test', '250 '],
    ['an address only', 'a@Plain.TEST', '250 '],
    ['no domain at all', '', '250 '],
    ['an address literal', 'a@[198.51.100.12]', '250 '],
  ];
  for (const [what, sender, reply] of senders) {
    it(`answers ${reply.slice(0, 3)} to a sender with ${what}`, async () => {
      const client = await welcome();
      const given = await client.command(`MAIL FROM:<${sender}>`);
      expect(given.slice(0, reply.length)).toBe(reply);
      // The session goes on: another sender is welcome.
      await client.command('RSET');
      expect(await client.command('MAIL FROM:<alice@sender.test>')).toMatch(/^250 /);
    });
  }

  it('refuses a virus with the name of its signature', async () => {
    expect(await send(`${HEAD}\r\n${EICAR}\r\n`)).toMatch(
      /^550 5\.7\.1 message is infected with Eicar-Test-Signature\S*\r\n$/,
    );
    await main.line(/refused: infected with Eicar-Test-Signature/);
    // It was asked about the recipient, and has not had the message.
    expect(heard()).not.toContain('DATA');
  });

  it('refuses spam with its score', async () => {
    expect(await send(`${HEAD}\r\n${GTUBE}\r\n`)).toMatch(
      /^550 5\.7\.1 message looks like spam \(\d{3,4}\.\d\)\r\n$/,
    );
    // It was asked about the recipient, and has not had the message.
    expect(heard()).not.toContain('DATA');
  });

  it('has the client come back while clamd is down, whatever spamd says', async () => {
    const daemon = await another({ clamd: `127.0.0.1:${await refusedPort()}` });
    for (const content of [HEAD + BODY, `${HEAD}\r\n${GTUBE}\r\n`]) {
      expect(await send(content, good, daemon)).toBe(
        '451 4.7.1 the virus scanner is not available, please try again\r\n',
      );
    }
    await daemon.line(/clamd: .*ECONNREFUSED|clamd: .*refused/);
    // It was asked about the recipient, and has not had the message.
    expect(heard()).not.toContain('DATA');
  });

  it('lets mail pass as unknown while spamd is down, but no virus', async () => {
    const daemon = await another({ spamd: `127.0.0.1:${await refusedPort()}` });
    expect(await send(`${HEAD}\r\n${EICAR}\r\n`, good, daemon)).toMatch(/^550 5\.7\.1 message is infected/);
    expect(delivered()).toEqual([]);
    expect(await send(HEAD + BODY, '198.51.100.11', daemon)).toMatch(/^250 /);
    expect(delivered()).toEqual([
      `${HEAD}X-Spam-Status: unknown\r\nX-Virus-Scanned: clean\r\nX-Listed-By: bl.example\r\n${BODY}`,
    ]);
    await daemon.line(/spamd: .*ECONNREFUSED|spamd: .*refused/);
  });

  it('passes clean mail on once, with two headers more and otherwise the same bytes', async () => {
    expect(await send(HEAD + BODY)).toMatch(/^250 /);
    const score = /X-Spam-Status: No, score=(-?\d+\.\d)\r\n/.exec(delivered()[0] ?? '')?.[1];
    expect(delivered()).toEqual([
      `${HEAD}X-Spam-Status: No, score=${score}\r\nX-Virus-Scanned: clean\r\n${BODY}`,
    ]);
    expect(
      heard()
        .filter((line) => /^(MAIL|RCPT)/i.test(line))
        .map((line) => line.replace(/ (SIZE|BODY)=\S+/g, '')),
    ).toEqual(['MAIL FROM:<alice@sender.test>', 'RCPT TO:<bob@example.net>']);
  });

  it('takes out headers of the same names that the sender wrote', async () => {
    const forged =
      'X-Spam-Status: No, score=-99\r\nx-virus-scanned : by me,\r\n\tand you\r\nX-SPAM-STATUS: No\r\nX-Listed-By:nobody\r\n';
    expect(await send(forged + HEAD + forged + BODY)).toMatch(/^250 /);
    const [message] = delivered();
    expect(message).toMatch(/\r\nX-Spam-Status: No, score=-?\d+\.\d\r\nX-Virus-Scanned: clean\r\n\r\n/);
    expect(message?.replace(/X-Spam-Status: No, score=\S+\r\nX-Virus-Scanned: clean\r\n/, '')).toBe(
      HEAD + BODY,
    );
  });

  it('has both scanners at work at the same time', async () => {
    const meeting = await startMeeting([clamd.port, spamd.port]);
    try {
      const [first = '', second = ''] = meeting.hosts;
      const daemon = await another({ clamd: first, spamd: second });
      // Neither scanner gets a byte before both have been called.
      expect(await send(HEAD + BODY, good, daemon)).toMatch(/^250 /);
      expect(meeting.met).toBe(1);
      expect(delivered()[0]).toMatch(/\r\nX-Spam-Status: No, score=\S+\r\nX-Virus-Scanned: clean\r\n\r\n/);
    } finally {
      await meeting.stop();
    }
  });
});
