import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHttp, httpReply, startHttp } from '../../../src/bench/ports/http-server.ts';
import type { ClientView } from '../../../src/policy/session-view.ts';
import { readRspamdReply } from '../../../src/service/rspamd-reply.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { type Rig, serviceRig } from '../../fakes/service-rig.ts';

const MESSAGE = 'Subject: hello\r\nX-A: 1\r\n\r\nbody line \xff\0\r\n';
const CLEAN = JSON.stringify({ action: 'no action', score: 0.5, required_score: 15, symbols: {} });

let message: MessageSession;
let rig: Rig;
const servers: FakeHttp[] = [];

async function rspamd(...args: Parameters<typeof startHttp>): Promise<FakeHttp> {
  const server = await startHttp(...args);
  servers.push(server);
  return server;
}
const says = (json: string) =>
  rspamd(() => httpReply(200, 'OK', ['Content-Type: application/json'], Buffer.from(json)));

beforeEach(async () => {
  message = await messageSession(MESSAGE);
  rig = serviceRig({ message });
});

afterEach(async () => {
  rig.close();
  for (const server of servers.splice(0)) {
    await server.server.quiet();
    await server.close();
  }
  await message.dispose();
});

const ask = async (host: string, ...more: Parameters<Rig['call']>[3][]) => {
  const connected = await rig.call('rspamd', message.spool.path, host, ...more);
  return { connected, result: (await rig.wait()).rspamd };
};

describe('service.rspamd', () => {
  it('gives the message and what is known of its sender, and takes the reply apart', async () => {
    const reply = JSON.stringify({
      is_skipped: false,
      score: 17.5,
      required_score: 15.0,
      action: 'reject',
      symbols: {
        A: { name: 'A', score: 0, metric_score: 0 },
        GTUBE: { name: 'GTUBE', score: 17.5, description: 'Test für alle', options: ['x', 'ü'] },
      },
      messages: { smtp_message: 'Gtube pattern' },
      subject: 'Spam: hello',
      milter: {
        add_headers: {
          'X-Spam': { value: 'Yes', order: 0 },
          'X-Two': [{ value: 'a' }, { value: 'b', order: 1 }],
          'X-Text': 'plain',
        },
        remove_headers: { 'X-Old': 0 },
      },
      'dkim-signature': 'v=1; a=rsa-sha256',
    });
    const server = await says(reply);
    const { connected, result } = await ask(server.server.host);
    expect(connected).toBe(true);
    expect(server.requests[0]?.head).toBe(
      [
        'POST /checkv2 HTTP/1.1',
        'host: 127.0.0.1',
        'connection: keep-alive',
        ...['IP: 192.0.2.1', 'Helo: h.example', 'From: alice@example.com', 'Queue-Id: ABCDEF123450000101'],
        ...['Rcpt: bob@example.org', 'user-agent: smtpe', `content-length: ${MESSAGE.length}`],
      ].join('\r\n'),
    );
    expect(server.requests[0]?.body.toString('latin1')).toBe(MESSAGE);
    expect(result).toMatchObject({
      ...{ file: message.spool.path, action: 'reject', score: 17.5, required_score: 15, is_skipped: false },
      ...{ subject: 'Spam: hello', dkim_signature: 'v=1; a=rsa-sha256' },
      ...{ service_name: 'rspamd', service_host: server.server.host, elapsed_time: expect.any(Number) },
      remove_headers: ['X-Old'],
      add_headers: [
        { name: 'X-Spam', value: 'Yes', order: 0 },
        { name: 'X-Two', value: 'a', order: undefined },
        { name: 'X-Two', value: 'b', order: 1 },
        { name: 'X-Text', value: 'plain', order: undefined },
      ],
    });
    expect(result?.error).toBeUndefined();
    const symbols = result?.symbols as ReadonlyMap<
      unknown,
      { score: number; description: string; options: string[] }
    >;
    expect([...symbols.keys()]).toEqual([1, 2, 'GTUBE', 'A']);
    expect(symbols.get('GTUBE')).toBe(symbols.get(1));
    expect(symbols.get(1)?.options).toEqual(['x', Buffer.from('ü').toString('latin1')]);
    expect(result?.messages).toEqual(new Map([['smtp_message', 'Gtube pattern']]));
  });

  it('tells what the policy says in place of what is known, and nothing that is a line of its own', async () => {
    const client: ClientView = {
      ...{
        address: '192.0.2.9',
        rightsAddress: '192.0.2.9',
        host: 'mail.example',
        isConfirmed: true,
        helo: 'evil\r\nUser: root',
        user: 'alice',
      },
      tls: {
        ...{
          version: 'TLSv1.3',
          cipher: 'TLS_AES_256_GCM_SHA384',
          bits: 256,
          name: undefined,
          alpn: undefined,
        },
        ...{ resumed: false, implicit: true, by: 'smtpe', certificate: undefined },
      },
    };
    rig.close();
    rig = serviceRig({ message: { ...message, session: { ...message.session, client } } });
    const server = await says(CLEAN);
    const settings = new Map<string, unknown>([
      ['settings_id', 'strict'],
      ['password', 'q1'],
      ['pass_all', true],
      ['from', 'bounce@example.net'],
      ['settings', new Map([['actions', new Map([['reject', 10]])]])],
    ]);
    await ask(server.server.host, settings as never);
    expect(server.requests[0]?.head.split('\r\n').slice(3, -2)).toEqual([
      ...[
        'IP: 192.0.2.9',
        'Helo: evil??User: root',
        'Hostname: mail.example',
        'User: alice',
        'TLS-Version: TLSv1.3',
      ],
      ...['TLS-Cipher: TLS_AES_256_GCM_SHA384', 'From: bounce@example.net', 'Queue-Id: ABCDEF123450000101'],
      ...[
        'Settings-ID: strict',
        'Password: q1',
        'Pass: all',
        'Settings: {"actions":{"reject":10}}',
        'Rcpt: bob@example.org',
      ],
    ]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['an unknown field', { colour: 'red' }, /table with timeout, settings, pass_all, .* expected/],
    ['a line end', { user: 'a\r\nIP: 1.2.3.4' }, /text without control characters as user expected/],
    ['a number as a text', { ip: 12 }, /text without control characters as ip expected/],
    ['a time-out of nothing', { timeout: 0 }, /more than 0 seconds as timeout expected/],
    ['a text as settings', { settings: '{}' }, /table as settings expected/],
    ['what JSON does not have', { settings: new Map([['a', Number.NaN]]) }, /is no number of JSON/],
  ])('settings with %s are an error', async (_what, settings, message_) => {
    await expect(
      rig.call('rspamd', message.spool.path, '127.0.0.1:1', new Map(Object.entries(settings)) as never),
    ).rejects.toThrow(message_);
  });

  it('gives a file as it is, a message with its edits, and leaves no file', async () => {
    const server = await says(CLEAN);
    const path = join(message.directory, 'other.eml');
    await writeFile(path, 'From: x\n\nother\n');
    await rig.call('rspamd', path, server.server.host);
    await rig.wait();
    message.session.headers.add('X-Edit: 1');
    await ask(server.server.host);
    expect(server.requests.map(({ body }) => body.toString('latin1'))).toEqual([
      'From: x\n\nother\n',
      MESSAGE.replace('\r\n\r\n', '\r\nX-Edit: 1\r\n\r\n'),
    ]);
  });

  it('does not give what is too long', async () => {
    rig.set('rspamd-max-size', '10');
    const server = await says(CLEAN);
    const { result } = await ask(server.server.host);
    expect(result?.error).toBe('the message is larger than option rspamd-max-size (10 bytes)');
    expect(result?.action).toBeUndefined();
    expect(server.requests).toEqual([]);
  });

  it.each<[string, () => Promise<FakeHttp>, RegExp]>([
    [
      'another code',
      () => rspamd(() => httpReply(403, 'Forbidden', [], '{"error":"wrong password"}')),
      /^HTTP 403: rspamd said: wrong password$/,
    ],
    ['no JSON', () => says('<html>'), /^the reply of rspamd is no JSON$/],
    ['an array', () => says('[]'), /is no JSON object$/],
    ['an error', () => says('{"error":"no\\nway"}'), /^rspamd said: no\?way$/],
    ['no action', () => says('{"score":1,"required_score":2}'), /has no action, score and required_score$/],
    [
      'a score that is a text',
      () => says('{"action":"reject","score":"1","required_score":2}'),
      /has no action/,
    ],
    ['symbols that are none', () => says(CLEAN.replace('{}', '{"A":1}')), /symbols .* not understood$/],
    [
      'headers that are none',
      () => says(CLEAN.replace('{}', '{},"milter":{"add_headers":{"A":[1]}}')),
      /headers .* not understood$/,
    ],
    [
      'half a reply',
      () =>
        rspamd((_request, connection) => {
          connection.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"ac');
          return undefined;
        }),
      /closed before the response was complete/,
    ],
    [
      'a reply that is no HTTP',
      () =>
        rspamd((_request, connection) => {
          connection.socket.end('hello\r\n\r\n');
          return undefined;
        }),
      /the response is not HTTP/,
    ],
    [
      'a reply without end',
      () => rspamd(() => httpReply(200, 'OK', [], Buffer.alloc(3_000_000, ' '))),
      /larger than/,
    ],
  ])('%s is an error, and no verdict', async (_what, start, error) => {
    const server = await start();
    const { result } = await ask(server.server.host);
    expect(result?.error).toMatch(error);
    expect(result?.action).toBeUndefined();
    expect(result?.score).toBeUndefined();
  });

  it('asks the next server when one says nothing, and none when time is over', async () => {
    const silent = await rspamd((_request, connection) => {
      connection.socket.destroy();
      return undefined;
    });
    const good = await says(CLEAN);
    const { result } = await ask(`127.0.0.1:1 ${silent.server.host} ${good.server.host}`);
    expect(result).toMatchObject({ action: 'no action', service_host: good.server.host });
    const hangs = await rspamd(() => undefined);
    const late = await ask(`${hangs.server.host} ${good.server.host}`, new Map([['timeout', 0.05]]) as never);
    expect(late.result?.error).toBe('no complete reply within 0.05 s');
    expect(good.requests).toHaveLength(1);
  });

  it('over a unix socket', async () => {
    const path = join(message.directory, 'rspamd.sock');
    const server = await rspamd(() => httpReply(200, 'OK', [], CLEAN), path);
    expect((await ask(path)).result).toMatchObject({ action: 'no action', service_host: path });
    expect(server.requests).toHaveLength(1);
  });
});

describe('readRspamdReply', () => {
  it('is bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 5001 }, (_, i) => [`S${i}`, { score: 1 }]));
    expect(readRspamdReply(Buffer.from(CLEAN.replace('{}', JSON.stringify(many))))).toEqual({
      kind: 'fault',
      error: 'the symbols in the reply of rspamd are not understood',
    });
    expect(readRspamdReply(Buffer.alloc(2_097_153))).toEqual({
      kind: 'fault',
      error: 'the reply of rspamd is longer than 2097152 bytes',
    });
  });

  it('takes names that mean something to JavaScript', () => {
    const reply = CLEAN.replace('{}', '{"__proto__":{"score":1},"constructor":{"score":2}}');
    const read = readRspamdReply(Buffer.from(reply));
    expect(read.kind === 'verdict' && read.symbols.map(({ name }) => name)).toEqual([
      'constructor',
      '__proto__',
    ]);
  });
});
