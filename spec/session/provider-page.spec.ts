// The option file of doc/provider.md, run as it stands there: only the host, the file of the password and whom the certificate is by are others.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { loadOptions } from '../../src/options/load-options.ts';
import type { GivenTexts } from '../../src/options/option-set.ts';
import { testCertificate, testKey } from '../fakes/certificates.ts';
import { digestOf } from '../fakes/made-certificates.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { WholeServer } from '../fakes/whole-server.ts';

it('doc/provider.md: logs in at port 465, over TLS that is checked', async () => {
  const content = Buffer.from(pageBlock('doc/provider.md', 'provider'));
  const { options, problems } = await loadOptions(['file=/f'], async () => ({ kind: 'content', content }));
  expect(problems).toEqual([]);
  const seen: string[] = [];
  const provider = await NextHop.start({
    tls: { key: testKey, cert: testCertificate, implicit: true },
    ehlo: '250-provider\r\n250 AUTH PLAIN\r\n',
    auth: () => (line) => {
      seen.push(Buffer.from(line.split(' ')[2] ?? '', 'base64').toString());
      return '235 2.7.0 ok\r\n';
    },
  });
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-provider-'));
  writeFileSync(join(directory, 'password'), 'secret\n');
  const given: Record<string, string> = {};
  for (const { name, text } of options.toTexts()) if (name !== 'file') given[name] = text;
  expect(given['smtp-smart-host']).toBe('smtp.provider.example:465/tls');
  expect(given['smtp-forward-tls']).toBe('must');
  const server = await WholeServer.start({
    options: {
      ...given,
      'smtp-smart-host': `${provider.target}/tls`,
      'smtp-forward-tls': 'pin',
      'smtp-forward-tls-pin': `sha256:${digestOf(testCertificate, 1)}`,
      'smtp-forward-password-file': join(directory, 'password'),
    } as GivenTexts,
  });
  const client = await server.greeted();
  for (const line of ['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>'])
    expect(await client.command(line)).toMatch(/^250/);
  await client.command('DATA');
  expect(await client.command('Subject: x\r\n\r\nx\r\n.')).toMatch(/^250/);
  expect(seen).toEqual(['\0office@provider.example\0secret']);
  expect(provider.connections[0]?.contents).toHaveLength(1);
  client.destroy();
  await server.stop();
  await provider.close();
  rmSync(directory, { recursive: true });
});
