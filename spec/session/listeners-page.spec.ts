// The option files of an MX and a submission service that README.md and doc/listeners.md show, with the policy beside them, run as they stand
// there: only addresses, next hops and the source of log-ins are others.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { loadTls } from '../../src/cli/load-tls.ts';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { loadOptions } from '../../src/options/load-options.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import { testAuthority, testCertificate, testKey } from '../fakes/certificates.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = `${pageBlock('doc/listeners.md', 'both')}
function hook.auth() if client.auth_password == 'right' then return '235 2.7.0 ok' end end`;

const MESSAGE = 'Subject: x\r\n\r\nx\r\n.';

/** The dialogue goes on under TLS. */
async function secured(socket: Socket): Promise<SmtpClient> {
  socket.removeAllListeners('data');
  const tls = tlsConnect({ socket, ca: testAuthority, servername: 'mx.example.test' });
  await once(tls, 'secureConnect');
  return new SmtpClient(tls);
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-page-'));
  await writeFile(join(directory, 'fullchain.pem'), testCertificate);
  await writeFile(join(directory, 'privkey.pem'), testKey);
});
afterAll(() => rm(directory, { recursive: true }));

describe.each(['doc/listeners.md'])('%s', (page) => {
  it('shows an MX and a submission service in one option file', async () => {
    const content = Buffer.from(pageBlock(page, 'mx-and-submission'));
    const { options, problems } = await loadOptions(['file=/f'], async () => ({ kind: 'content', content }));
    expect(problems).toEqual([]);
    const [here, relay] = [await NextHop.start(), await NextHop.start()];
    const elsewhere: readonly (readonly [RegExp | string, string])[] = [
      [/(?:0\.0\.0\.0|\*):\d+/g, '127.0.0.1:0'],
      [/\[::\]:\d+/g, '[::1]:0'],
      ['mail.example.com', here.target],
      ['relay.example.com:587', relay.target],
      ['/etc/smtpe/tls', directory],
    ];
    const given: Record<string, string> = {};
    for (const { name, text } of options.toTexts()) {
      if (['file', 'user', 'smtp-auth-dovecot'].includes(name)) continue;
      // Only that it pauses is of interest.
      given[name] = name.endsWith('smtp-greet-pause') ? '20' : text;
      for (const [what, other] of elsewhere) given[name] = given[name]?.replaceAll(what, other) ?? '';
    }
    const certificates = await loadTls(createOptions({ 'smtp-tls': given['smtp-tls'] ?? '' }));
    if (certificates.kind === 'wrong') throw new Error(certificates.problems.join());
    const tls = new InboundTls(certificates.material);
    const server = await WholeServer.start({ policy, options: given as GivenTexts, tls });
    const auth = `AUTH PLAIN ${Buffer.from('\0alice\0right').toString('base64')}`;
    const mail = [
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<c@example.com>',
      'RCPT TO:<d@other.example>',
      'DATA',
      MESSAGE,
    ];
    const told: Record<string, string> = {};
    for (const { row, endpoints } of server.server.places) {
      for (const { address, port } of endpoints) {
        const implicit = row.flags.has('tls');
        const socket = connect({ port, host: address });
        const client = implicit ? await secured(socket) : new SmtpClient(socket);
        const replies = [await client.reply()];
        const ask = async (asked: SmtpClient, ...lines: readonly string[]): Promise<void> => {
          for (const line of lines) replies.push(await asked.command(line));
        };
        await ask(client, 'EHLO c.example');
        if (row.name === 'mx') await ask(client, ...mail);
        else if (implicit) await ask(client, 'MAIL FROM:<a@b.example>', auth, ...mail);
        else {
          await ask(client, auth, 'STARTTLS');
          await ask(await secured(socket), 'EHLO c', 'MAIL FROM:<a@b.example>', auth, ...mail);
        }
        told[row.name] = replies.map((reply) => reply.slice(0, 3)).join(' ');
        socket.destroy();
      }
    }
    const sent = '235 250 250 250 354 250';
    expect(told).toEqual({
      mx: '220 250 250 250 550 354 250',
      submission: `220 250 530 220 250 530 ${sent}`,
      submissions: `220 250 530 ${sent}`,
    });
    const recipients = (hop: NextHop): readonly string[] =>
      hop.commands.filter((line) => /^RCPT/i.test(line));
    expect(recipients(here)).toHaveLength(server.server.places[0]?.endpoints.length ?? 0);
    expect(recipients(relay)).toHaveLength(4);
    await server.stop();
    await here.close();
    await relay.close();
  });
});
