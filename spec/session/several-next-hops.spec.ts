// What doc/several-next-hops.md shows, run as it stands there, with next hops of ours in the place of its names.

import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { NextHop, refusedPort } from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const page = readFileSync(join(import.meta.dirname, '../../doc/several-next-hops.md'), 'utf8');
const examples = new Map(
  [...page.matchAll(/<!-- ([\w-]+) -->\n```(?:lua)?\n(.*?)```/gs)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
);

let server: WholeServer | undefined;
const hops: NextHop[] = [];
afterEach(async () => {
  await server?.stop();
  server = undefined;
  for (const hop of hops.splice(0)) await hop.close();
});

async function hop(): Promise<NextHop> {
  const started = await NextHop.start();
  hops.push(started);
  return started;
}

/** The example with other names, its option among those of the server. */
async function start(name: string, names: Readonly<Record<string, string>>, options = {}): Promise<void> {
  let text = examples.get(name) ?? '';
  for (const [from, to] of Object.entries(names)) text = text.replaceAll(from, to);
  const smartHost = /^smtp-smart-host=(.*)$/m.exec(text)?.[1];
  server = await WholeServer.start({
    policy: smartHost === undefined ? text : '',
    options: {
      'smtp-forward-tls': 'off',
      'smtp-xclient-hosts': '192.0.2.0/24',
      ...(smartHost !== undefined && { 'smtp-smart-host': smartHost }),
      ...options,
    },
  });
}

async function send(...lines: readonly string[]): Promise<readonly string[]> {
  if (server === undefined) throw new Error('no server');
  const client = server.inMemory();
  await client.reply();
  const replies = await client.commands('EHLO c.example', ...lines, 'DATA', 'Subject: x\r\n\r\nx\r\n.');
  await client.quit();
  return replies
    .slice(1)
    .map((reply) => reply.slice(0, reply.startsWith('2') || reply.startsWith('3') ? 3 : 9));
}

const copies = (one: NextHop): number => one.connections.flatMap(({ contents }) => contents).length;
const MAIL = 'MAIL FROM:<a@b.example>';

describe('doc/several-next-hops.md', () => {
  it('shows four examples', () => {
    expect([...examples.keys()]).toEqual(['fail-over', 'by-domain', 'by-sender', 'maildir']);
  });

  it('fail-over', async () => {
    const two = await hop();
    await start('fail-over', {
      'mx1.example.net': `127.0.0.1:${await refusedPort()}`,
      'mx2.example.net': two.target,
    });
    expect(await send(MAIL, 'RCPT TO:<c@d.example>')).toEqual(['250', '250', '354', '250']);
    expect(copies(two)).toBe(1);
  });

  it('by recipient', async () => {
    const [net, org] = [await hop(), await hop()];
    await start('by-domain', {
      'mx1.example.net': net.target,
      'mx2.example.net': net.target,
      'mail.example.org:24': org.target,
    });
    expect(
      await send(MAIL, 'RCPT TO:<x@example.com>', 'RCPT TO:<x@example.net>', 'RCPT TO:<x@example.org>'),
    ).toEqual(['250', '550 5.7.1', '250', '452 4.5.3', '354', '250']);
    expect([copies(net), copies(org)]).toEqual([1, 0]);
    expect(await send(MAIL, 'RCPT TO:<x@example.org>')).toEqual(['250', '250', '354', '250']);
    expect([copies(net), copies(org)]).toEqual([1, 1]);
    expect(org.commands[0]).toMatch(/^LHLO /);
  });

  it('by sender', async () => {
    const [out, other] = [await hop(), await hop()];
    await start('by-sender', { 'out.example.net': out.target }, { 'smtp-smart-host': other.target });
    expect(await send(MAIL, 'RCPT TO:<c@d.example>')).toEqual(['250', '250', '354', '250']);
    expect(await send('XCLIENT LOGIN=alice', 'EHLO c.example', MAIL, 'RCPT TO:<c@d.example>')).toEqual([
      '220',
      '250',
      '250',
      '250',
      '354',
      '250',
    ]);
    expect([copies(out), copies(other)]).toEqual([1, 1]);
  });

  it('a directory of each recipient', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-mailboxes-'));
    try {
      await mkdir(join(directory, 'example.org/bob'), { recursive: true });
      await start('maildir', { '/var/mail': directory });
      expect(await send(MAIL, 'RCPT TO:<eve@example.org>', 'RCPT TO:<Bob@Example.org>')).toEqual([
        '250',
        '550 5.1.1',
        '250',
        '354',
        '250',
      ]);
      expect(await readdir(join(directory, 'example.org'))).toEqual(['bob']);
      expect(await readdir(join(directory, 'example.org/bob/new'))).toHaveLength(1);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
