// socket.http and ssl.https: LuaSocket's forms over the client of service.http, with its protection.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ScriptedServer, startScripted } from '../../../../src/bench/ports/scripted-server.ts';
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
    else if (path === '/missing') await reply('404 Not Found', 'no');
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
