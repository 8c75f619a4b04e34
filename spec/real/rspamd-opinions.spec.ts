// SPF, DKIM, DMARC and ARC beside rspamd, which asks the same name server: where the two say different things, the reason stands here.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { makeKey, sealed, signed, takeIn, verifiedDkim } from '../fakes/mail-auth.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { describeWith } from './needs.ts';
import { type RealRspamd, startRealRspamd } from './rspamd-server.ts';

const rsa = makeKey('rsa', 2048);
const ed = makeKey('ed25519');
const weak = makeKey('rsa', 1024);
const now = Math.floor(Date.now() / 1000);

const records = [
  `rsa._domainkey.example.com TXT 300 ${rsa.record}`,
  `ed._domainkey.example.com TXT 300 ${ed.record}`,
  `weak._domainkey.example.com TXT 300 ${weak.record}`,
  'gone._domainkey.example.com TXT 300 v=DKIM1; p=',
  'odd._domainkey.example.com TXT 300 v=DKIM1; k=rsa; p=AAAA',
  'example.com TXT 300 v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 a:hosts.example.com include:other.example.com -all',
  'other.example.com TXT 300 v=spf1 ip4:198.51.100.0/25 ~all',
  'hosts.example.com A 300 192.0.2.77',
  'soft.example.com TXT 300 v=spf1 ~all',
  'neutral.example.com TXT 300 v=spf1 ?all',
  'two.example.com TXT 300 v=spf1 -all',
  'two.example.com TXT 300 v=spf1 +all',
  'loop.example.com TXT 300 v=spf1 include:loop.example.com -all',
  'mx.example.com TXT 300 v=spf1 mx -all',
  'mx.example.com MX 300 10 hosts.example.com',
  'redirect.example.com TXT 300 v=spf1 redirect=other.example.com',
  '_dmarc.example.com TXT 300 v=DMARC1; p=reject; sp=quarantine',
  'example.org TXT 300 v=spf1 ip4:192.0.2.1 -all',
  '_dmarc.example.org TXT 300 v=DMARC1; p=none; aspf=s; adkim=s',
];
/** For the verifiers that are asked without a name server. */
const txt = Object.fromEntries(
  records.filter((row) => row.includes(' TXT ')).map((row) => row.split(/ TXT 300 /) as [string, string]),
);

let dns: FakeDnsServer;
let rspamd: RealRspamd | undefined;

const head =
  'Received: from a\r\nFrom: A <a@example.com>\r\nTo: b@example.net,\r\n\tc@example.net\r\nSubject:  two  blanks\t\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n';
const bodies = [
  '',
  '\r\n',
  'x',
  'some text  here\t \r\n\r\n  more \r\n\r\n\r\n',
  '.\r\n..\r\n',
  'gr\xc3\xbc\xc3\x9fe \xa0\r\n',
  'a\r\n'.repeat(3000),
];

async function symbols(
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const result = await rspamd?.check(Buffer.from(message, 'latin1'), {
    ...{ IP: '203.0.113.9', Helo: 'helo.example.net', From: 'a@example.com', Rcpt: 'b@example.net' },
    ...headers,
  });
  return Object.keys(result?.symbols ?? {});
}

/** The one symbol of a family that is there. */
const one = (found: readonly string[], words: Readonly<Record<string, string>>): string =>
  found.flatMap((symbol) => words[symbol] ?? []).join(' ');

describeWith(['rspamd'], 'rspamd', () => {
  beforeAll(async () => {
    dns = await FakeDnsServer.start(records);
    rspamd = await startRealRspamd(dns.address);
  }, 60_000);
  afterAll(async () => {
    await rspamd?.stop();
    await dns.close();
  });

  const dkimWords = {
    R_DKIM_ALLOW: 'pass',
    R_DKIM_REJECT: 'fail',
    R_DKIM_TEMPFAIL: 'temperror',
    R_DKIM_PERMFAIL: 'permerror',
    R_DKIM_NA: 'none',
  };

  it('says of signatures what we say', async () => {
    for (const body of bodies) {
      for (const [selector, { key }] of Object.entries({ rsa, ed })) {
        for (const form of ['simple', 'relaxed'] as const) {
          const message = await signed(head + body, { key, selector, header: form, body: form, now });
          for (const [text, what] of [
            [message, 'pass'],
            [message.replace('two  blanks', 'two  other'), 'fail'],
            [`${message}more\r\n`, 'fail'],
            [message.replace('From: A', 'From: X <x@evil.test>\r\nFrom: A'), 'fail'],
          ] as const) {
            const [ours] = await verifiedDkim(takeIn(text), { txt });
            expect([ours?.result, one(await symbols(text), dkimWords)]).toEqual([what, what]);
          }
        }
      }
    }
  }, 60_000);

  it('says of keys what we say', async () => {
    const seen: Record<string, readonly unknown[]> = {};
    for (const [selector, { key }] of Object.entries({ weak, gone: rsa, odd: rsa, none: rsa })) {
      const message = await signed(`${head}text\r\n`, { key, selector, now });
      const [ours] = await verifiedDkim(takeIn(message), { txt });
      seen[selector] = [ours?.result, ours?.cause, one(await symbols(message), dkimWords)];
    }
    expect(seen).toEqual({
      weak: ['pass', 'ok', 'pass'],
      gone: ['permerror', 'key_revoked', 'permerror'],
      odd: ['permerror', 'key_syntax', 'permerror'],
      none: ['permerror', 'no_key', 'permerror'],
    });
  });

  const spfWords = {
    ...{ R_SPF_ALLOW: 'pass', R_SPF_FAIL: 'fail', R_SPF_SOFTFAIL: 'softfail', R_SPF_NEUTRAL: 'neutral' },
    ...{ R_SPF_NA: 'none', R_SPF_PERMFAIL: 'permerror', R_SPF_DNSFAIL: 'temperror' },
  };
  const dmarcWords = {
    ...{ DMARC_POLICY_ALLOW: 'pass', DMARC_POLICY_REJECT: 'reject', DMARC_POLICY_QUARANTINE: 'quarantine' },
    ...{ DMARC_POLICY_SOFTFAIL: 'none', DMARC_NA: 'no policy', DMARC_BAD_POLICY: 'permerror' },
  };
  const arcWords = { ARC_ALLOW: 'pass', ARC_REJECT: 'fail', ARC_INVALID: 'fail', ARC_NA: 'none' };

  it('says of senders, over real SMTP, what we say', async () => {
    const whole = await WholeServer.start({
      policy: `
        local said
        function hook.dot()
          local verdict = dmarc.check()
          local word = ({ pass = 'pass', fail = verdict.policy, none = 'no policy' })[verdict.result] or verdict.result
          said = spf.check().result .. ' / ' .. tostring(word) .. ' / ' .. arc.verify().result
        end
        function hook.forward() return '250 2.0.0 ' .. said end`,
      options: { 'dns-servers': dns.address, 'smtp-xclient-hosts': '127.0.0.1' },
    });
    const to = await whole.greeted();
    const ours = async (message: string, ip: string, from: string): Promise<string> => {
      await to.command('EHLO proxy.test');
      await to.command(`XCLIENT ADDR=${ip.includes(':') ? 'IPV6:' : ''}${ip} NAME=[UNAVAILABLE]`);
      for (const line of ['EHLO helo.example.net', `MAIL FROM:<${from}>`, 'RCPT TO:<b@example.net>', 'DATA'])
        expect(await to.command(line)).toMatch(/^[23]/);
      to.write(onTheWire(Buffer.from(message, 'latin1')));
      return (await to.reply()).replace(/^250 2\.0\.0 |\r\n$/g, '');
    };
    const theirs = async (message: string, IP: string, From: string): Promise<string> => {
      const found = await symbols(message, { IP, From });
      return [spfWords, dmarcWords, arcWords].map((words) => one(found, words)).join(' / ');
    };
    const plain = (from: string) =>
      `From: <${from}>\r\nSubject: x\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n`;
    const sign = (from: string, domain = 'example.com') =>
      signed(plain(from), { key: rsa.key, selector: 'rsa', domain, now });
    const seal = (message: string) =>
      sealed(message, { key: rsa.key, selector: 'rsa', domain: 'example.com' }, { txt, now });
    const cases: readonly (readonly [
      message: string,
      ip: string,
      from: string,
      verdict: string,
      theirs?: string,
    ])[] = [
      [plain('a@example.com'), '192.0.2.1', 'a@example.com', 'pass / pass / none'],
      [plain('a@example.com'), '2001:db8::9', 'a@example.com', 'pass / pass / none'],
      [plain('a@example.com'), '192.0.2.77', 'a@example.com', 'pass / pass / none'],
      [plain('a@example.com'), '198.51.100.9', 'a@example.com', 'pass / pass / none'],
      [plain('a@example.com'), '198.51.100.200', 'a@example.com', 'fail / reject / none'],
      [plain('a@example.com'), '203.0.113.1', 'a@soft.example.com', 'softfail / reject / none'],
      [plain('a@sub.example.com'), '203.0.113.1', 'a@neutral.example.com', 'neutral / quarantine / none'],
      [plain('a@nowhere.test'), '203.0.113.1', 'a@nowhere.test', 'none / no policy / none'],
      // It takes the first of two records; RFC 7208 4.5 says permerror.
      [
        plain('a@two.example.com'),
        '203.0.113.1',
        'a@two.example.com',
        'permerror / quarantine / none',
        'fail / quarantine / none',
      ],
      // It leaves out what includes itself; RFC 7208 4.6.4 says permerror.
      [
        plain('a@loop.example.com'),
        '203.0.113.1',
        'a@loop.example.com',
        'permerror / quarantine / none',
        'fail / quarantine / none',
      ],
      [plain('a@mx.example.com'), '192.0.2.77', 'a@mx.example.com', 'pass / pass / none'],
      [plain('a@redirect.example.com'), '198.51.100.9', 'a@redirect.example.com', 'pass / pass / none'],
      [
        plain('a@redirect.example.com'),
        '203.0.113.1',
        'a@redirect.example.com',
        'softfail / quarantine / none',
      ],
      [plain('a@example.org'), '192.0.2.1', 'a@example.com', 'pass / none / none'],
      [plain('a@example.org'), '192.0.2.1', 'a@example.org', 'pass / pass / none'],
      [plain('a@sub.example.org'), '192.0.2.1', 'a@example.org', 'pass / none / none'],
      [await sign('a@example.com'), '203.0.113.1', 'a@elsewhere.test', 'none / pass / none'],
      [await sign('a@sub.example.com'), '203.0.113.1', 'a@elsewhere.test', 'none / pass / none'],
      [
        (await sign('a@example.com')).replace('Subject: x', 'Subject: y'),
        '203.0.113.1',
        'a@elsewhere.test',
        'none / reject / none',
      ],
      [await seal(await sign('a@example.com')), '203.0.113.1', 'a@elsewhere.test', 'none / pass / pass'],
      [
        await seal(await seal(plain('a@example.com'))),
        '203.0.113.1',
        'a@elsewhere.test',
        'none / reject / pass',
      ],
      [
        (await seal(plain('a@example.com'))).replace('\r\ntext', '\r\nother'),
        '203.0.113.1',
        'a@elsewhere.test',
        'none / reject / fail',
      ],
      [
        (await seal(await seal(plain('a@example.com')))).replace('i=2; ', 'i=3; '),
        '203.0.113.1',
        'a@elsewhere.test',
        'none / reject / fail',
      ],
    ];
    const different: unknown[] = [];
    for (const [message, ip, from, verdict, other = verdict] of cases) {
      const both = [await ours(message, ip, from), await theirs(message, ip, from)];
      if (both[0] !== verdict || both[1] !== other) different.push({ verdict, both, ip, from });
    }
    to.destroy();
    await whole.stop();
    expect(different).toEqual([]);
  }, 60_000);
});
