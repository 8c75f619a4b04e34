// The options and the policy of doc/utf8-dsn.md, run as they stand there: only the next hop is another one.
import { expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { WholeServer } from '../fakes/whole-server.ts';

it('doc/utf8-dsn.md: a domain is one in both forms, and reports are for some', async () => {
  const [word, host] = pageBlock('doc/utf8-dsn.md', 'utf8').trim().split('\n');
  expect([word, host]).toEqual(['smtp-utf8=auto', 'smtp-smart-host=mx.example.com']);
  const hop = await NextHop.start({ ehlo: '250-sink\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n' });
  const server = await WholeServer.start({
    policy: pageBlock('doc/utf8-dsn.md', 'policy'),
    options: { 'smtp-utf8': 'auto', 'smtp-smart-host': hop.target },
  });
  const first = server.inMemory();
  await first.reply();
  await first.commands('EHLO c', 'MAIL FROM:<>');
  await first.quit();
  const client = server.inMemory();
  await client.reply();
  expect(await client.command('EHLO c')).toMatch(/250-DSN\r\n(?:.*\r\n)*250-SMTPUTF8\r\n/);
  for (const domain of [Buffer.from('exämple.com').toString('latin1'), 'XN--exmple-cua.com']) {
    expect(await client.command(`MAIL FROM:<a@${domain}> SMTPUTF8`)).toBe('250 2.1.0 welcome\r\n');
    await client.command('RSET');
  }
  await client.command('MAIL FROM:<a@example.com>');
  expect(await client.command('RCPT TO:<b@example.com> NOTIFY=DELAY,SUCCESS')).toMatch(/^550 5\.7\.1 /);
  expect(await client.command('RCPT TO:<b@example.com> NOTIFY=FAILURE')).toMatch(/^250 /);
  await client.quit();
  await server.stop();
  await hop.close();
});
