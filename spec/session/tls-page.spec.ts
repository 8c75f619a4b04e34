// doc/tls.md: its options are right, its policy does what it says, and so does the command that makes a certificate to try it with.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { loadTls } from '../../src/cli/load-tls.ts';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { contradictions } from '../../src/options/contradictions.ts';
import { loadOptions } from '../../src/options/load-options.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { expired, good, mxEc } from '../fakes/tls-certificates.ts';
import { materialOf, StartTlsClient, tlsOption } from '../fakes/tls-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const page = await readFile(join(import.meta.dirname, '../../doc/tls.md'), 'utf8');
const blocks = [...page.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, language = '', text = '']) => ({
  language,
  text,
}));

it('every option file on the page is one', async () => {
  const files = blocks.filter(({ text }) => /^smtp-/.test(text));
  expect(files).toHaveLength(3);
  for (const { text } of files) {
    const { problems } = await loadOptions(['file=/f'], () =>
      Promise.resolve({ kind: 'content', content: Buffer.from(text) }),
    );
    expect(problems).toEqual([]);
  }
  expect(contradictions(createOptions({ 'smtp-listen': 'a=*:465/tls' }))).toHaveLength(1);
});

it('the certificate that it makes to try it is one that smtpe takes', async (context) => {
  const [command = ''] = blocks.map(({ text }) => text).filter((text) => text.startsWith('openssl req'));
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-page-'));
  const [program = '', ...args] = command.trim().split(' ');
  const made = await promisify(execFile)(program, args, { cwd: directory }).then(
    () => true,
    (error: { code?: string }) => error.code,
  );
  if (made === 'ENOENT') context.skip();
  const loaded = await loadTls(createOptions({ 'smtp-tls': `${directory}/chain.pem,${directory}/key.pem` }));
  expect(loaded.kind === 'loaded' && loaded.contexts[0]?.certificates[0]?.names).toEqual(['mx.example.com']);
  await rm(directory, { recursive: true, force: true });
});

it('the policy asks who is not one of ours to log in', async () => {
  const policy = blocks
    .find(({ language }) => language === 'lua')
    ?.text.replace('printer.example.com', 'client.example.test');
  const server = await WholeServer.start({
    policy: policy ?? '',
    options: {
      'smtp-listen': '127.0.0.1:0/tls',
      'smtp-tls': tlsOption('mxEc'),
      'smtp-tls-client-ca': 'ca.pem',
    },
    tls: new InboundTls(materialOf({ mxEc })),
  });
  for (const [who, reply] of [
    [good, '250'],
    [expired, '530'],
    [undefined, '530'],
  ] as const) {
    const socket = connect(server.port, '127.0.0.1');
    const client = new StartTlsClient(socket);
    expect(await client.secure(who === undefined ? {} : { cert: who.certificate, key: who.key })).toBe(
      'secured',
    );
    await client.reply();
    expect(await client.commands('EHLO c', 'MAIL FROM:<a@b.cc>')).toEqual(['250', reply]);
    client.end();
    socket.destroy();
  }
  await server.stop();
});
