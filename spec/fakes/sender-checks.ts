// What etc/examples/sender-checks.lua does, told over SMTP, with a name server that serves the zone below.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { makeKey, signed, takeIn, verifiedDkim } from './mail-auth.ts';
import { onTheWire, type SmtpClient } from './smtp-client.ts';
import { WholeServer } from './whole-server.ts';

const policy = readFileSync(join(import.meta.dirname, '../../etc/examples/sender-checks.lua'), 'latin1');
const theirs = makeKey('rsa', 2048);
const ours = makeKey('rsa', 2048);

/** `name TYPE ttl data`, as the scripted name server takes it. */
export const senderChecksZone: readonly string[] = [
  'good.test TXT 300 v=spf1 ip4:192.0.2.1 -all',
  '_dmarc.good.test TXT 300 v=DMARC1; p=reject',
  '_dmarc.strict.test TXT 300 v=DMARC1; p=reject',
  `sel._domainkey.strict.test TXT 300 ${theirs.record}`,
  '_dmarc.soft.test TXT 300 v=DMARC1; p=quarantine',
];

interface Mail {
  readonly client: string;
  readonly sender: string;
  readonly message: string;
  readonly recipient?: string;
}

interface Outcome {
  readonly reply: string;
  /** What the next hop got; undefined: nothing. */
  readonly content: string | undefined;
}

/** The examples as tests; `dns`: where the zone is served. */
export function senderChecks(dns: () => string): void {
  const mail = (from: string): string =>
    `Authentication-Results: mx.example.com; dmarc=pass\r\nX-Quarantine: no\r\nFrom: ${from}\r\nTo: b@example.com\r\nSubject: hello\r\nDate: today\r\n\r\ntext\r\n`;

  async function send({ client, sender, message, recipient = 'b@example.com' }: Mail): Promise<Outcome> {
    const hop = await NextHop.start();
    const whole = await WholeServer.start({
      // As PEM text, so that no file of a key is needed.
      policy: policy.replace(/local KEY = .*/, `local KEY = [[${ours.pem}]]`),
      options: {
        'dns-servers': dns(),
        'dns-max-timeout': '5',
        'host-name': 'mx.example.com',
        'smtp-smart-host': hop.target,
        'smtp-xclient-hosts': '127.0.0.1',
      },
    });
    try {
      const to: SmtpClient = await whole.greeted();
      await to.command('EHLO proxy.test');
      await to.command(`XCLIENT ADDR=${client} NAME=[UNAVAILABLE]`);
      await to.command('EHLO client.test');
      let reply = '';
      for (const line of [`MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`, 'DATA']) {
        reply = await to.command(line);
        if (/^[45]/.test(reply)) break;
      }
      if (reply.startsWith('354')) {
        to.write(onTheWire(Buffer.from(message, 'latin1')));
        reply = await to.reply();
      }
      to.destroy();
      await whole.quiet();
      expect(whole.said(/^(?:warn|err|crit)/)).toEqual([]);
      const [content] = hop.connections.flatMap((connection) => connection.contents);
      return { reply, content: content?.toString('latin1') };
    } finally {
      await whole.stop();
      await hop.close();
    }
  }

  it('takes mail whose author SPF vouches for, and writes it down', async () => {
    const { reply, content } = await send({
      client: '192.0.2.1',
      sender: 'a@good.test',
      message: mail('a@good.test'),
    });
    expect(reply).toMatch(/^250 /);
    expect(content).toMatch(
      /^Authentication-Results: mx\.example\.com;\r\n\tspf=pass smtp\.mailfrom=good\.test;\r\n\tdkim=none;\r\n\tdmarc=pass policy\.dmarc=reject header\.from=good\.test;\r\n\tarc=none;\r\n\tiprev=permerror policy\.iprev=192\.0\.2\.1\r\nFrom: /,
    );
    expect(content).not.toMatch(/X-Quarantine/i);
    expect(content?.match(/Authentication-Results/g)?.length).toBe(1);
  });

  it('takes mail that the author has signed, wherever it comes from', async () => {
    const message = await signed(mail('a@strict.test'), {
      key: theirs.key,
      domain: 'strict.test',
      now: Math.floor(Date.now() / 1000),
    });
    const { reply, content } = await send({ client: '198.51.100.9', sender: 'x@none.test', message });
    expect(reply).toMatch(/^250 /);
    expect(content).toMatch(/\r\n\tdkim=pass header\.d=strict\.test /);
    expect(content).toMatch(/\r\n\tdmarc=pass /);
  });

  it.each([
    [
      'a host that may not send for the sender',
      { client: '192.0.2.9', sender: 'a@good.test', message: '' },
      /^550 5\.7\.23 SPF: 192\.0\.2\.9 may not send for good\.test/,
    ],
    [
      'mail for which nobody vouches',
      { client: '192.0.2.1', sender: 'a@good.test', message: mail('a@strict.test') },
      /^550 5\.7\.26 DMARC: nobody vouches for strict\.test/,
    ],
    [
      'authors of several domains',
      { client: '192.0.2.1', sender: 'a@good.test', message: mail('a@good.test, b@strict.test') },
      /^550 5\.7\.1 From: /,
    ],
    [
      'mail for others',
      { client: '192.0.2.1', sender: 'a@good.test', message: '', recipient: 'b@elsewhere.test' },
      /^550 5\.7\.1 we do not take mail/,
    ],
    [
      'mail of ours in the name of others',
      { client: '10.1.2.3', sender: 'a@good.test', message: mail('a@good.test') },
      /^550 5\.7\.1 From: has to be/,
    ],
  ] as const)('refuses %s', async (_, wrong, refusal) => {
    const { reply, content } = await send(wrong);
    expect(reply).toMatch(refusal);
    expect(content).toBeUndefined();
  });

  it('takes mail for the postmaster, whose domain nobody has to know', async () => {
    const { reply } = await send({
      client: '192.0.2.1',
      sender: 'a@good.test',
      message: mail('a@good.test'),
      recipient: 'Postmaster',
    });
    expect(reply).toMatch(/^250 /);
  });

  it('marks what the author wants set aside', async () => {
    const { reply, content } = await send({
      client: '192.0.2.1',
      sender: 'a@good.test',
      message: mail('a@soft.test'),
    });
    expect(reply).toMatch(/^250 /);
    expect(content).toMatch(
      /^X-Quarantine: quarantine by soft\.test\r\nAuthentication-Results: mx\.example\.com;/,
    );
    expect(content?.match(/X-Quarantine/g)?.length).toBe(1);
  });

  it('signs what our own hosts send', async () => {
    const recipient = 'b@elsewhere.test';
    const { reply, content = '' } = await send({
      client: '10.1.2.3',
      sender: 'a@example.com',
      message: mail('a@example.com'),
      recipient,
    });
    expect(reply).toMatch(/^250 /);
    const txt = { '2026a._domainkey.example.com': ours.record };
    const results = await verifiedDkim(takeIn(content), { txt, now: Math.floor(Date.now() / 1000) });
    expect(results).toMatchObject([{ result: 'pass', domain: 'example.com' }]);
  });
}
