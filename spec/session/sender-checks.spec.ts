// The example policy etc/examples/sender-checks.lua, and the policies that doc/sender-checks.md shows, run as they stand there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { makeKey } from '../fakes/mail-auth.ts';
import { senderChecks, senderChecksZone } from '../fakes/sender-checks.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let dns: FakeDnsServer;
beforeAll(async () => {
  dns = await FakeDnsServer.start(senderChecksZone);
});
afterAll(() => dns.close());

describe('etc/examples/sender-checks.lua', () => {
  senderChecks(() => dns.address);
});

describe('doc/sender-checks.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../doc/sender-checks.md'), 'utf8');
  const policies = new Map(
    [...page.matchAll(/<!-- (\w+) -->\n```lua\n(.*?)```/gs)].map(([, name = '', text = '']) => [name, text]),
  );
  const show = `
    function hook.forward(path)
      local file = assert(io.open(path, 'rb'))
      local text = file:read('*a')
      file:close()
      return '250 2.0.0 ' .. text:gsub('\\r\\n', '|'):gsub('\\t', ' ')
    end`;

  /** The reply to MAIL when it is a refusal, else that to the dot. */
  async function play(name: string, client: string, head: string, before = ''): Promise<string> {
    const policy = `${policies.get(name) ?? `error 'no ${name}'`}${show}${before}`;
    const options = {
      'dns-servers': dns.address,
      'host-name': 'mx.example.com',
      'smtp-xclient-hosts': '127.0.0.1',
    } as const;
    const whole = await WholeServer.start({ policy, options });
    try {
      const to = await whole.greeted();
      await to.command('EHLO proxy.test');
      await to.command(`XCLIENT ADDR=${client} NAME=[UNAVAILABLE]${before === '' ? '' : ' LOGIN=alice'}`);
      await to.command('EHLO client.test');
      const refused = await to.command('MAIL FROM:<a@good.test>');
      if (!refused.startsWith('250')) return refused;
      await to.command('RCPT TO:<b@example.net>');
      await to.command('DATA');
      to.write(onTheWire(Buffer.from(`${head}Subject: x\r\n\r\ntext\r\n`, 'latin1')));
      const reply = await to.reply();
      to.destroy();
      expect(whole.said(/^(?:warn|err|crit)/)).toEqual([]);
      return reply;
    } finally {
      await whole.stop();
    }
  }

  it('shows five policies', () => {
    expect([...policies.keys()]).toEqual(['spf', 'dmarc', 'results', 'parse', 'sign']);
    expect(page.match(/```lua/g)?.length).toBe(5);
  });

  it('refuses by SPF', async () => {
    expect(await play('spf', '192.0.2.9', '')).toBe(
      '550 5.7.23 SPF: this host may not send for good.test\r\n',
    );
    expect(await play('spf', '192.0.2.1', '')).toMatch(/^250 /);
  });

  it('heeds DMARC', async () => {
    expect(await play('dmarc', '192.0.2.1', 'From: a@good.test\r\n')).toBe(
      '250 2.0.0 From: a@good.test|Subject: x||text|\r\n',
    );
    expect(await play('dmarc', '192.0.2.1', 'From: a@strict.test\r\n')).toMatch(
      /^550 5\.7\.26 .*strict\.test/,
    );
    expect(await play('dmarc', '192.0.2.1', 'From: a@soft.test\r\n')).toMatch(/X-Spam-Flag: YES/);
    expect(await play('dmarc', '192.0.2.1', '')).toBe('550 5.7.1 From: one author, please\r\n');
  });

  it('writes results', async () => {
    expect(await play('results', '192.0.2.1', 'From: a@good.test\r\n')).toBe(
      '250 2.0.0 Authentication-Results: mx.example.com;| spf=pass smtp.mailfrom=good.test;| dkim=none;| dmarc=pass policy.dmarc=reject header.from=good.test;| iprev=permerror policy.iprev=192.0.2.1;| auth=none|From: a@good.test|Subject: x||text|\r\n',
    );
  });

  it('reads those of a server in front', async () => {
    const head = 'Authentication-Results: front.example.com; spf=pass; dmarc=fail header.from=x.test\r\n';
    expect(await play('parse', '10.0.0.1', head)).toBe('550 5.7.26 DMARC, says front.example.com\r\n');
    expect(await play('parse', '10.0.0.2', head)).toMatch(/^250 /);
    expect(await play('parse', '10.0.0.1', head.replace('fail', 'pass'))).toMatch(/^250 /);
  });

  it('signs for who has authenticated', async () => {
    const { pem } = makeKey('rsa', 2048);
    policies.set('sign', (policies.get('sign') ?? '').replace("'/etc/smtpe/2026a.pem'", `[[${pem}]]`));
    const login = '\nlocal unused';
    expect(await play('sign', '192.0.2.1', 'From: a@example.com\r\n', login)).toMatch(
      /^250 2\.0\.0 DKIM-Signature: /,
    );
    expect(await play('sign', '192.0.2.1', 'From: a@good.test\r\n', login)).toBe(
      '550 5.7.1 write as example.com\r\n',
    );
    expect(await play('sign', '192.0.2.1', 'From: a@good.test\r\n')).toBe(
      '250 2.0.0 From: a@good.test|Subject: x||text|\r\n',
    );
  });
});
