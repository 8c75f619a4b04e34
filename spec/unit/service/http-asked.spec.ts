// service.http.request with a table: headers, content from a string or a file, a time-out of its own, redirects.
import { readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHttp, httpReply, startHttp } from '../../../src/bench/ports/http-server.ts';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { type MessageSession, messageSession } from '../../fakes/message-session.ts';
import { type Rig, serviceRig } from '../../fakes/service-rig.ts';

const MESSAGE = 'Subject: hello\r\n\r\nbody \xff\0\r\n';

let message: MessageSession;
let rig: Rig;
const servers: FakeHttp[] = [];

async function http(...args: Parameters<typeof startHttp>): Promise<FakeHttp> {
  const server = await startHttp(...args);
  servers.push(server);
  return server;
}

const tableOf = (fields: Readonly<Record<string, unknown>>): LuaValue =>
  new Map(
    Object.entries(fields).map(([name, value]) => [
      name,
      (name === 'headers' && typeof value === 'object'
        ? new Map(Object.entries(value ?? {}))
        : value) as LuaValue,
    ]),
  );

async function request(
  fields: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  await rig.call('http.request', tableOf(fields));
  return (await rig.wait()).http?.entries[0] ?? {};
}

beforeEach(async () => {
  message = await messageSession(MESSAGE);
  rig = serviceRig({ message, options: { 'http-allow-reserved': '127.0.0.1' } });
});
afterEach(async () => {
  rig.close();
  expect(rig.services.http.held).toEqual({ connections: 0, bytes: 0 });
  for (const server of servers.splice(0)) {
    await server.server.quiet();
    await server.close();
  }
  await message.dispose();
});

const linesOf = (server: FakeHttp, at = 0): readonly string[] =>
  server.requests[at]?.head.split('\r\n') ?? [];

describe('a table', () => {
  it('says GET without a body, POST with one', async () => {
    const server = await http(() => httpReply(200, 'OK', [], 'yes'));
    expect(await request({ url: `${server.origin}/a` })).toMatchObject({ rcode: 200, content: 'yes' });
    await request({ url: `${server.origin}/b`, body: 'x=1' });
    await request({ url: `${server.origin}/c`, body: 'x', method: 'put' });
    expect(server.requests.map(({ head }) => head.split(' HTTP')[0])).toEqual([
      'GET /a',
      'POST /b',
      'PUT /c',
    ]);
    expect(linesOf(server, 1)).toContain('content-type: application/x-www-form-urlencoded');
  });

  it('has headers, in place of ours', async () => {
    const server = await http(() => httpReply(200, 'OK', []));
    const headers = {
      'User-Agent': 'mine/1',
      'Content-Type': 'application/json',
      'X-Number': 5,
      'X-Octets': '\xfc\t\xff',
    };
    await request({ url: server.origin, body: '{"a":1}', headers });
    expect(linesOf(server).slice(3)).toEqual([
      ...[
        'accept: */*',
        'accept-encoding: gzip, deflate, br',
        'User-Agent: mine/1',
        'Content-Type: application/json',
      ],
      ...['X-Number: 5', 'X-Octets: \xfc\t\xff', 'content-length: 7'],
    ]);
    expect(server.requests[0]?.body.toString()).toBe('{"a":1}');
  });

  it.each(['in memory', 'on disk'])('sends a message %s as it was received', async (where) => {
    const server = await http(() => httpReply(200, 'OK', []));
    if (where === 'on disk') await message.spool.onDisk();
    message.session.headers.add('X-Edit: 1');
    await request({
      url: server.origin,
      body_file: message.spool.path,
      headers: { 'Content-Type': 'message/rfc822' },
    });
    expect(server.requests[0]?.body.toString('latin1')).toBe(MESSAGE);
    expect(linesOf(server)).toEqual(
      expect.arrayContaining(['Content-Type: message/rfc822', `content-length: ${MESSAGE.length}`]),
    );
  });

  it('sends any file, a long one in pieces, an empty one, and no descriptor is left', async () => {
    const server = await http(() => httpReply(200, 'OK', []));
    const path = join(message.directory, 'long');
    const long = Buffer.alloc(3_000_001, 'abc');
    await writeFile(path, long);
    await writeFile(`${path}-empty`, '');
    await request({ url: server.origin, body_file: path });
    await request({ url: server.origin, body_file: `${path}-empty` });
    expect(server.requests[0]?.body.equals(long)).toBe(true);
    expect(server.requests[1]?.body.length).toBe(0);
    expect(await request({ url: server.origin, body_file: `${path}-none` })).toMatchObject({
      error: expect.stringMatching(/^cannot read ".*long-none": no such file$/),
    });
    expect(await request({ url: server.origin, body_file: '/dev/zero' })).toMatchObject({
      error: expect.stringMatching(/not a regular file/),
    });
    expect(await openFiles(path)).toEqual([]);
  });

  it('has a time-out of its own', async () => {
    const server = await http(() => undefined);
    expect(await request({ url: server.origin, timeout: 0.05 })).toMatchObject({
      error: 'no complete response within 0.05 s',
    });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no url', { method: 'GET' }, /string as url expected/],
    ['an unknown field', { url: 'http://a.example/', colour: 1 }, /table with url, method, headers/],
    ['two bodies', { url: 'http://a.example/', body: '', body_file: 'x' }, /body or body_file, not both/],
    [
      'a header with a line end',
      { url: 'http://a.example/', headers: { A: 'x\r\nB: y' } },
      /without control characters as header A/,
    ],
    [
      'a name that is none',
      { url: 'http://a.example/', headers: { 'A B': 'x' } },
      /names of headers as keys of headers/,
    ],
    [
      'a length',
      { url: 'http://a.example/', headers: { 'Content-Length': '5' } },
      /headers without Content-Length/,
    ],
    ['a host', { url: 'http://a.example/', headers: { hOst: 'b' } }, /headers without hOst/],
    [
      'too many octets of headers',
      { url: 'http://a.example/', headers: { A: 'x'.repeat(50_000) } },
      /at most 49152 octets/,
    ],
    ['headers that are a text', { url: 'http://a.example/', headers: 'A: b' }, /table as headers/],
    ['redirects below 0', { url: 'http://a.example/', redirects: -1 }, /0 to 10 as redirects/],
    ['11 redirects', { url: 'http://a.example/', redirects: 11 }, /0 to 10 as redirects/],
    ['a time-out of nothing', { url: 'http://a.example/', timeout: 0 }, /more than 0 seconds/],
    ['CONNECT', { url: 'http://a.example/', method: 'CONNECT' }, /no HTTP method/],
  ])('with %s is an error', async (_what, fields, error) => {
    await expect(rig.call('http.request', tableOf(fields))).rejects.toThrow(error);
  });

  it('beside other arguments is an error', async () => {
    await expect(rig.call('http.request', tableOf({ url: 'http://a.example/' }), 'GET')).rejects.toThrow(
      /stand in the table/,
    );
  });
});

/** The links of our open descriptors to `path` or what is beside it. */
async function openFiles(path: string): Promise<readonly string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(path));
}

describe('redirects', () => {
  /** Sends on with `code` from /1 to /2 and so on to /9. */
  const chainOf = (code: number) =>
    http(({ head }) => {
      const step = Number(/ \/(\d+)/.exec(head)?.[1]);
      return step < 9
        ? httpReply(code, 'Moved', [`Location: ${step + 1}`], 'look there')
        : httpReply(200, 'OK', [], 'here');
    });

  it.each<[number, string, readonly string[]]>([
    [301, 'POST', ['POST body', 'GET ', 'GET ']],
    [302, 'PUT', ['PUT body', 'PUT body', 'PUT body']],
    [303, 'PUT', ['PUT body', 'GET ', 'GET ']],
    [307, 'POST', ['POST body', 'POST body', 'POST body']],
    [308, 'POST', ['POST body', 'POST body', 'POST body']],
  ])('%i of %s', async (code, method, expected) => {
    const server = await chainOf(code);
    const result = await request({ url: `${server.origin}/7`, method, body: 'body', redirects: 5 });
    expect(result).toMatchObject({
      rcode: 200,
      content: 'here',
      url: `${server.origin}/7`,
      location: `${server.origin}/9`,
    });
    expect(server.requests.map(({ head, body }) => `${head.split(' ')[0]} ${body}`)).toEqual(expected);
  });

  it('are not followed unless asked for, nor further than asked', async () => {
    const server = await chainOf(302);
    expect(await request({ url: `${server.origin}/7` })).toMatchObject({ rcode: 302, content: 'look there' });
    expect(await request({ url: `${server.origin}/7`, redirects: 2 })).toMatchObject({ rcode: 200 });
    expect(await request({ url: `${server.origin}/6`, redirects: 2 })).toMatchObject({
      error: 'more than 2 redirects',
    });
  });

  it('send a file again, and HEAD stays HEAD', async () => {
    const server = await chainOf(307);
    await request({ url: `${server.origin}/8`, body_file: message.spool.path, redirects: 1 });
    expect(server.requests.map(({ body }) => body.toString('latin1'))).toEqual([MESSAGE, MESSAGE]);
    const head = await http(({ head: text }) =>
      / \/1/.test(text)
        ? Buffer.from('HTTP/1.1 303 x\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n')
        : Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'),
    );
    expect(await request({ url: `${head.origin}/1`, method: 'HEAD', redirects: 1 })).toMatchObject({
      rcode: 200,
      content: '',
    });
    expect(head.requests.map(({ head: text }) => text.split(' ')[0])).toEqual(['HEAD', 'HEAD']);
  });

  it('to another place take no secrets along', async () => {
    const other = await http(() => httpReply(200, 'OK', []));
    const first = await http(({ head }) =>
      httpReply(302, 'x', [`Location: ${/ \/same/.test(head) ? '/again' : `${other.origin}/`}`]),
    );
    const headers = { Authorization: 'Bearer x', cookie: 'a=b', 'X-Other': 'c' };
    await request({ url: `${first.origin}/same`, headers, redirects: 3 });
    expect(linesOf(first, 1)).toEqual(
      expect.arrayContaining(['Authorization: Bearer x', 'cookie: a=b', 'X-Other: c']),
    );
    expect(linesOf(other).filter((line) => /authorization|cookie/i.test(line))).toEqual([]);
    expect(linesOf(other)).toContain('X-Other: c');
  });

  it.each([
    ['file:///etc/passwd', /a redirect to where nobody can go: http or https expected/],
    ['http://[::1', /the place of a redirect is no URL/],
    ['http://127.0.0.2/', /reserved/],
    ['http://169.254.169.254/latest/', /reserved/],
  ])('to %s are an error', async (location, error) => {
    const server = await http(() => httpReply(302, 'x', [`Location: ${location}`]));
    expect(await request({ url: server.origin, redirects: 3 })).toMatchObject({
      error: expect.stringMatching(error),
    });
  });
});
