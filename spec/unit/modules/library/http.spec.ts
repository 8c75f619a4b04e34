// socket.http and ssl.https: LuaSocket's forms over the client of service.http, with its protection.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ScriptedServer, startScripted } from '../../../../src/bench/ports/scripted-server.ts';
import { testAuthority, testCertificate, testKey } from '../../../fakes/certificates.ts';
import { linesOf, startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../../../fakes/lua-engine.ts';

let engine: TestEngine;
let server: ScriptedServer | undefined;
beforeAll(async () => {
  engine = await startElsewhere({
    options: { 'http-allow-reserved': '127.0.0.1', 'http-timeout': '20', 'http-max-size': '100000' },
    hosts: { 'inside.example.com': ['10.0.0.1'], 'mixed.example.com': ['127.0.0.2'] },
  });
});
afterAll(() => engine.engine.close());
afterEach(() => server?.close());

const head = (request: string): string => request.slice(0, request.indexOf('\r\n\r\n'));

/** Octets that were sent for `/endless`. */
let sent = 0;

/** Answers what the first line of a request says. */
async function serve(): Promise<ScriptedServer> {
  server = await startScripted(async (connection) => {
    const text = (await connection.until((received) => received.includes('\r\n\r\n'))).toString('latin1');
    const [, method = '', path = ''] = /^(\S+) (\S+)/.exec(text) ?? [];
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    const start = text.indexOf('\r\n\r\n') + 4;
    const body = (await connection.until((received) => received.length >= start + length))
      .toString('latin1')
      .slice(start);
    const reply = (status: string, content: string, more = ''): Promise<void> =>
      connection.send(
        `HTTP/1.1 ${status}\r\nContent-Length: ${content.length}\r\nConnection: close\r\n${more}\r\n${method === 'HEAD' ? '' : content}`,
      );
    if (path === '/moved') await reply('302 Found', 'there', 'Location: /here\r\n');
    else if (path === '/out') await reply('302 Found', '', 'Location: http://inside.example.com/\r\n');
    else if (path === '/stall') await connection.hold;
    else if (path === '/half') await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    else if (path === '/big') await reply('200 OK', 'x'.repeat(200_000));
    else if (path === '/nothing') await connection.send('HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n');
    else if (path === '/length')
      await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\nConnection: close\r\n\r\n');
    else if (path === '/chunks') {
      await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n');
      await connection.drip('5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n');
    } else if (path === '/endless') {
      await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      while (!connection.socket.destroyed && sent < 100_000_000) {
        await Promise.race([connection.send(chunk), connection.closed]);
        sent += chunk.length;
      }
    } else if (path === '/blanks') {
      const blanks = ' '.repeat(30_000);
      await connection.send(
        `HTTP/1.1 200 OK\r\nX-Value: a${blanks}b\r\nX-End: c${blanks}\r\nX-Empty:${blanks.slice(0, 1000)}\r\nContent-Length: 0\r\n\r\n`,
      );
    } else if (path === '/missing') await reply('404 Not Found', 'no');
    else
      await reply(
        '200 OK',
        `${method} ${path}\n${body}\n${head(text).toLowerCase()}`,
        'X-Two: a\r\nX-Two: b\r\n',
      );
    connection.end();
  });
  return server;
}

it('asks in the simple form', async () => {
  const { port } = await serve();
  const lines = await linesOf(
    engine,
    `local http = require 'socket.http' local base = 'http://127.0.0.1:${port}'
    local body, code, headers, status = http.request(base .. '/a?b=c') show(body:match '^[^\\n]*', code, headers['x-two'], status)
    body, code = http.request(base .. '/post', 'x=1') show(body:match '^POST /post\\nx=1\\n' ~= nil, body:find('application/x-www-form-urlencoded', 1, true) ~= nil)
    show(http.request(base .. '/missing')) body, code = http.request(base .. '/moved') show(code, body:match '^GET /here')
    show(http.request('http://user:pa%73s@127.0.0.1:${port}/x'):match 'authorization: [^\\r]*')`,
  );
  expect(lines.map((line) => line.replace(/table: 0x\w+/, 'table'))).toEqual([
    ...[
      'GET /a?b=c 200 a, b HTTP/1.1 200 OK',
      'true true',
      'no 404 table HTTP/1.1 404 Not Found',
      '200 GET /here',
    ],
    'authorization: basic dxnlcjpwyxnz',
  ]);
});

it('asks in the generic form, with sources and sinks', async () => {
  const { port } = await serve();
  const lines = await linesOf(
    engine,
    `local http, ltn12 = require 'socket.http', require 'ltn12'
    local list = {}
    local ok, code, headers = http.request { url = 'http://127.0.0.1:${port}/put', method = 'PUT', source = ltn12.source.string(('y'):rep(5000)),
      headers = { ['content-length'] = 5000, ['x-own'] = 'mine', host = '127.0.0.1:${port}' }, sink = ltn12.sink.table(list) }
    local body = table.concat(list) show(ok, code, #list > 1, body:find(('y'):rep(5000), 1, true) ~= nil, body:find('x-own: mine', 1, true) ~= nil)
    show(http.request { url = 'http://127.0.0.1:${port}/moved', redirect = false })
    show(http.request { url = 'http://127.0.0.1:${port}/x', method = 'HEAD' })
    show(http.request { host = '127.0.0.1', port = ${port}, path = '/parts' })
    show(http.request { url = 'http://127.0.0.1:${port}/x', sink = ltn12.sink.error 'full' })
    show(http.request { url = 'http://127.0.0.1:${port}/x', headers = { host = 'other.example.com' } })
    show(http.request { url = 'http://127.0.0.1:${port}/x', proxy = 'http://p' }) show(http.request { url = 'ftp://127.0.0.1/x' })`,
  );
  expect(lines.map((line) => line.replace(/table: 0x\w+/, 'table'))).toEqual([
    ...['1 200 true true true', '1 302 table HTTP/1.1 302 Found', '1 200 table HTTP/1.1 200 OK'],
    ...[
      '1 200 table HTTP/1.1 200 OK',
      'nil full',
      'nil the header Host cannot be another than that of the URL',
    ],
    ...['nil proxies are not asked', 'nil unknown scheme ftp'],
  ]);
});

it('reaches no reserved address, by no way', async () => {
  const { port } = await serve();
  const lines = await linesOf(
    engine,
    `local http, https = require 'socket.http', require 'ssl.https'
    for _, url in ipairs { 'http://10.0.0.1/', 'http://inside.example.com/', 'http://mixed.example.com:${port}/', 'http://127.0.0.1:${port}/out', 'http://[::1]/', 'http://0x7f000002/' } do
      show(http.request(url))
    end
    show(https.request 'https://inside.example.com/') show(https.request { url = 'https://10.0.0.1/' }) show(https.request 'http://127.0.0.1:${port}/')`,
  );
  for (const line of lines.slice(0, 8)) expect(line).toMatch(/^nil .*reserved/);
  expect(lines[8]).toBe('nil https expected, got the scheme http');
});

it('gives what went wrong in the words of LuaSocket', async () => {
  const { port } = await serve();
  const lines = await linesOf(
    engine,
    `local http = require 'socket.http' http.TIMEOUT = 0.2
    show(http.request 'http://127.0.0.1:${port}/stall') show(http.request 'http://127.0.0.1:1/') show(http.request 'http://nosuch.example.com/')
    http.TIMEOUT = nil
    show(http.request 'http://127.0.0.1:${port}/half') show(http.request 'http://127.0.0.1:${port}/big') show(http.request 'http:///x') show(pcall(http.request))`,
  );
  expect(lines.slice(0, 3)).toEqual([
    ...['nil timeout', 'nil connection refused', 'nil host or service not provided, or not known'],
  ]);
  expect(lines[3]).toMatch(/^nil .*clos|^nil .*complete|^nil .*ended/);
  expect(lines[4]).toMatch(/^nil .*100000/);
  expect(lines[5]).toMatch(/^nil invalid host/);
  expect(lines[6]).toMatch(/^false .*bad argument #1 to 'request'/);
});

it('leaves what service.wait gives alone', async () => {
  const { port } = await serve();
  const lines = await linesOf(
    engine,
    `service.http.request('http://127.0.0.1:${port}/first', 'GET')
    show((require 'socket.http'.request 'http://127.0.0.1:${port}/second'):match '^GET /second')
    local results = service.wait(1) show(#results.http, results.http[1].content:match '^GET /first')`,
  );
  expect(lines).toEqual(['GET /second', '1 GET /first']);
});

it('reads what has no content, comes in chunks, or never ends', async () => {
  const { port, connections } = await serve();
  sent = 0;
  const lines = await linesOf(
    engine,
    `local http, ltn12 = require 'socket.http', require 'ltn12' local base = 'http://127.0.0.1:${port}'
    local body, code, headers = http.request(base .. '/nothing') show(body == '', code, headers['x-a'])
    local list = {} show(http.request { url = base .. '/length', method = 'HEAD', sink = ltn12.sink.table(list) }) show(#list)
    show(http.request(base .. '/chunks')) show(http.request(base .. '/endless')) show(http.request(base .. '/length'))`,
  );
  expect(lines.map((line) => line.replace(/table: 0x\w+/, 'table'))).toEqual([
    ...['true 204 1', '1 200 table HTTP/1.1 200 OK', '0', 'hello world 200 table HTTP/1.1 200 OK'],
    ...[expect.stringMatching(/^nil .*100000/), expect.stringMatching(/^nil .*100000/)],
  ]);
  await Promise.all(connections.map((connection) => connection.closed));
  expect(sent).toBeLessThan(100_000_000);
});

it('reads each blank of a head once', async () => {
  const { port } = await serve();
  const lines = await linesOf(
    engine,
    `local _, code, headers = require 'socket.http'.request 'http://127.0.0.1:${port}/blanks'
    show(code, #headers['x-value'], headers['x-end'], headers['x-empty'] == '')`,
  );
  expect(lines).toEqual(['200 30002 c true']);
});

it('takes a URL apart without looking at anything twice', async () => {
  const lines = await linesOf(
    engine,
    `local url = require 'socket.url' local long = ('a'):rep(1000000)
    show(#url.absolute('http://x/' .. long .. '/', 'y')) show(#url.absolute('http://x/' .. long, 'y'))
    show(url.absolute('http://x/a/b', 'c')) show(url.absolute('http://x/a/', '../c')) show(url.absolute('http://x', 'c'))
    show(#url.parse('http://' .. (':'):rep(1000000)).host) show(#url.parse(('#'):rep(1000000)).fragment)
    show(#url.absolute('http://x/' .. ('../'):rep(20000), ('./'):rep(20000)))`,
  );
  expect(lines).toEqual([
    ...['1000011', '10', 'http://x/a/c', 'http://x/c', 'http://x/c', '999999', '999999', '9'],
  ]);
});

it('says which part of a request is none, and never raises for what may be a stranger’s', async () => {
  const lines = await linesOf(
    engine,
    `local http, url = require 'socket.http', 'http://127.0.0.1:1/'
    for _, t in ipairs {
      { timeout = 0 }, { timeout = '5' }, { maxredirects = -1 }, { maxredirects = 1.5 }, { maxredirects = '3' }, { method = 'GE T' }, { method = {} },
      { headers = 'x' }, { headers = { ['a b'] = 'x' } }, { headers = { a = 'x\\r\\ny' } }, { headers = { a = {} } }, { headers = { 'x' } }, { url = {} },
      { url = url .. '\\r\\nx' }, { sink = 5 }, { step = 5 }, { source = 5 }, { source = function() return 5 end }, { user = {}, password = 'x' },
      { source = function() return ('x'):rep(1000000) end }, { source = function() return nil, 'broken' end },
    } do
      t.url = t.url or url
      show(http.request(t))
    end`,
  );
  expect(lines).toEqual([
    ...['nil more than 0 seconds as timeout expected', 'nil timeout: number expected, got string'],
    ...['nil 0 to 10 as redirects expected', 'nil 0 to 10 as redirects expected'],
    ...[
      'nil maxredirects: number expected, got string',
      'nil "GE T" is no HTTP method: GET, HEAD, POST ... expected',
    ],
    ...['nil method: string expected, got table', 'nil headers: table expected, got string'],
    ...[
      'nil names of headers as keys of headers expected',
      'nil text without control characters as header a expected',
    ],
    ...['nil headers: string expected as a, got table', 'nil headers: names expected as keys, got number'],
    ...['nil url: string expected, got table', 'nil the URL has control characters'],
    ...['nil sink: function expected, got number', 'nil step: function expected, got number'],
    ...['nil source: function expected, got number', 'nil source: strings expected from it, got number'],
    ...[
      'nil user: string expected, got table',
      'nil source: it gives more than 25000000 octets',
      'nil broken',
    ],
  ]);
});

it('verifies certificates whatever `verify` says, and follows no redirect from https to http', async () => {
  const { port } = await serve();
  const secure = createTlsServer({ key: testKey, cert: testCertificate }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end(
        `HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${port}/plain\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
  });
  secure.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const place = `https://mx.example.test:${(secure.address() as AddressInfo).port}/`;
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-https-'));
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, testAuthority);
  const ask = `local https = require 'ssl.https'
    show(https.request '${place}') show(https.request { url = '${place}', verify = 'none', redirect = false })`;
  const options = { 'http-allow-reserved': '127.0.0.1' };
  const hosts = { 'mx.example.test': ['127.0.0.1'] };
  const strict = await startElsewhere({ options, hosts });
  for (const line of await linesOf(strict, ask)) expect(line).toMatch(/^nil TLS: .*(certificate|issuer)/);
  strict.engine.close();
  const knowing = await startElsewhere({ options: { ...options, 'http-ca-file': caFile }, hosts });
  const lines = await linesOf(knowing, ask);
  knowing.engine.close();
  expect(lines[0]).toBe('nil a redirect from https to http is not followed');
  expect(lines[1]).toMatch(/^1 302 /);
  await new Promise((resolve) => secure.close(resolve));
  await rm(directory, { recursive: true });
});
