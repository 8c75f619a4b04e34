// A message that was signed before it came passes, whatever octets it is made of and however they are cut: what the verifier is shown is what
// was received, in memory and on disk.
import { expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { makeKey, signed } from '../fakes/mail-auth.ts';
import { Seeded } from '../fakes/seeded.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const key = makeKey('rsa', 2048);
const policy = `
  local said
  function hook.dot()
    local results = dkim.verify()
    said = #results .. ' ' .. results[1].result .. ' ' .. results[1].cause
  end
  function hook.forward() return '250 2.0.0 ' .. said end`;

const words = [
  ...['a', ' ', '\t', '\r\n', '\r\n', '.', '..', '\0', '\xff', ' \r\n', '\r\n\r\n', '.\r\n'],
  ...['x'.repeat(70), 'y'.repeat(1200)],
];
const odd = [
  ...['', 'X:\r\n', 'X\t : y\r\n z\r\n', 'Subject: \xfc  a\t b\r\n', 'Subject:\r\n \r\n', ': x\r\n'],
  ...['no colon\r\n', 'Content-Type: multipart/mixed; boundary=b\r\n'],
];
const forms = ['simple', 'relaxed'] as const;

it('in 200 messages', async () => {
  const dns = await FakeDnsServer.start([`sel._domainkey.good.test TXT 300 ${key.record}`]);
  const whole = await WholeServer.start({
    policy,
    options: { 'dns-servers': dns.address, 'spool-memory': '3000' },
  });
  const random = new Seeded(6376);
  const now = Math.floor(Date.now() / 1000);
  const to = await whole.greeted();
  await to.command('EHLO a.test');
  for (let round = 0; round < 200; round++) {
    const body = Array.from({ length: random.below(40) }, () => random.pick(words)).join('');
    const message = await signed(
      `From: a@good.test\r\n${random.pick(odd)}\r\n${body.replace(/(?<!\r\n)$/, '\r\n')}`,
      {
        ...{ key: key.key, domain: 'good.test', now, header: random.pick(forms), body: random.pick(forms) },
      },
    );
    for (const line of ['MAIL FROM:<a@good.test>', 'RCPT TO:<b@example.net>', 'DATA'])
      expect(await to.command(line)).toMatch(/^[23]/);
    const wire = onTheWire(Buffer.from(message, 'latin1'));
    for (let at = 0; at < wire.length; ) {
      const end = at + 1 + random.below(500);
      to.write(wire.subarray(at, end));
      at = end;
      if (random.oneIn(10)) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await to.reply(), JSON.stringify(message)).toBe('250 2.0.0 1 pass ok\r\n');
  }
  to.destroy();
  await whole.stop();
  await dns.close();
}, 30_000);

it('in 60 binary ones', async () => {
  const dns = await FakeDnsServer.start([`sel._domainkey.good.test TXT 300 ${key.record}`]);
  const whole = await WholeServer.start({
    policy,
    options: { 'dns-servers': dns.address, 'spool-memory': '3000', 'smtp-binarymime': '+' },
  });
  const random = new Seeded(3030);
  const now = Math.floor(Date.now() / 1000);
  const to = await whole.greeted();
  await to.command('EHLO a.test');
  for (let round = 0; round < 60; round++) {
    const body = Array.from({ length: random.below(40) }, () => random.pick([...words, '\r', '\n'])).join('');
    const message = await signed(`From: a@good.test\r\nX: y\r\n\r\n${body}`, {
      ...{ key: key.key, domain: 'good.test', now, header: random.pick(forms), body: random.pick(forms) },
    });
    for (const line of ['MAIL FROM:<a@good.test> BODY=BINARYMIME', 'RCPT TO:<b@example.net>'])
      expect(await to.command(line)).toMatch(/^2/);
    const half = random.below(message.length);
    for (const part of [
      `BDAT ${half}\r\n${message.slice(0, half)}`,
      `BDAT ${message.length - half} LAST\r\n`,
    ])
      to.write(Buffer.from(part, 'latin1'));
    to.write(Buffer.from(message.slice(half), 'latin1'));
    expect(await to.reply()).toBe(`250 2.0.0 ${half} octets\r\n`);
    expect(await to.reply(), JSON.stringify(message)).toBe('250 2.0.0 1 pass ok\r\n');
  }
  to.destroy();
  await whole.stop();
  await dns.close();
}, 30_000);
