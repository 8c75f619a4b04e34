// require 'socket': connections of a policy, beside servers that do what they should, and that do not. What may take long ends by a limit,
// and nobody else waits meanwhile.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import {
  closedPort,
  type Script,
  type ScriptedServer,
  startScripted,
} from '../../../../src/bench/ports/scripted-server.ts';
import { openBlackHole } from '../../../fakes/black-hole.ts';
import { linesOf, startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../../../fakes/lua-engine.ts';

let engine: TestEngine;
let servers: ScriptedServer[] = [];
beforeAll(async () => {
  engine = await startElsewhere({
    options: { 'tcp-max-connections': '3', 'tcp-max-size': '100000' },
    hosts: { 'redis.example.com': ['127.0.0.1'], 'mx.example.com': ['192.0.2.1'] },
  });
});
afterAll(() => engine.engine.close());
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startScripted(script);
  servers.push(server);
  return server;
}

const open = ({ port }: ScriptedServer): string =>
  `local socket = require 'socket'\nlocal c = assert(socket.connect('127.0.0.1', ${port}))\n`;

it('speaks in lines, counts and until the end', async () => {
  const server = await serve(async (connection) => {
    await connection.until((received) => received.includes('hello'));
    await connection.send('one\r\ntwo\nthr');
    await connection.drip('ee\r\n12345tail');
    connection.end();
  });
  const lines = await linesOf(
    engine,
    `${open(server)}
    show(c:send('-- hello --', 4, 8))
    show(c:receive()) show(c:receive '*l') show(c:receive('l', '> '))
    show(c:receive(5)) show(c:receive(3, 'ab')) show(c:receive '*a') show(c:receive '*a') show(c:receive())
    show(c:close()) show(c:receive()) show(c:send 'x')`,
  );
  expect(lines).toEqual([
    ...['8 nil nil', 'one nil nil', 'two nil nil', '> three nil nil', '12345 nil nil', 'abt nil nil'],
    ...['ail nil nil', 'nil closed ', 'nil closed ', '1', 'nil closed ', 'nil closed 0'],
  ]);
});

it('gives what came before the end, and before the time was over', async () => {
  const server = await serve(async (connection, index) => {
    await connection.send('half a li');
    if (index === 0) connection.end();
    else await connection.hold;
  });
  const lines = await linesOf(
    engine,
    `${open(server)} show(c:receive()) c:close()
    c = assert(socket.connect('127.0.0.1', ${server.port}))
    c:settimeout(0.05) show(c:receive()) show(c:receive(3)) show(c:receive(0))
    c:settimeout(0.05, 't') show(c:receive '*a')
    c:settimeout(0) show(c:receive())`,
  );
  expect(lines).toEqual([
    ...['nil closed half a li', 'nil timeout half a li', 'nil timeout ', 'nil timeout '],
    ...['nil timeout ', 'nil timeout '],
  ]);
});

it('ends at a reset with closed', async () => {
  const server = await serve(async (connection) => {
    await connection.until((received) => received.length > 0);
    connection.reset();
  });
  expect(await linesOf(engine, `${open(server)} c:send 'x' show(c:receive())`)).toEqual(['nil closed ']);
});

it('gives up a server that sends without end, and takes no more of it than it may', async () => {
  let sent = 0;
  const server = await serve(async (connection) => {
    connection.socket.on('error', () => undefined);
    const chunk = Buffer.alloc(16_384, 'a');
    while (!connection.socket.destroyed && sent < 50_000_000) {
      await connection.send(chunk);
      sent += chunk.length;
    }
  });
  const lines = await linesOf(
    engine,
    `${open(server)} show(c:receive()) show(c:receive(1))
    c = assert(socket.connect('127.0.0.1', ${server.port})) show(c:receive '*a')
    show(pcall(c.receive, c, 100001))`,
  );
  const tooMuch = 'nil more than 100000 octets (option tcp-max-size) ';
  expect(lines).toEqual([
    tooMuch,
    'nil closed ',
    tooMuch,
    expect.stringMatching(/^nil closed |^false .*tcp-max-size/),
  ]);
  await server.quiet();
  expect(sent).toBeLessThan(50_000_000);
});

it('leaves in the memory of the other side what nobody asks for', async () => {
  let sent = 0;
  const server = await serve(async (connection) => {
    const chunk = Buffer.alloc(65_536, 'a');
    connection.socket.on('drain', () => undefined);
    while (!connection.socket.destroyed && sent < 100_000_000) {
      await Promise.race([connection.send(chunk), connection.closed]);
      sent += chunk.length;
    }
  });
  await linesOf(engine, `${open(server)} socket.sleep(0.1) show(c:receive(10))`);
  await server.quiet();
  expect(sent).toBeLessThan(100_000_000);
});

it('stops sending to a server that takes nothing, and says how much it took', async () => {
  const server = await serve(async (connection) => {
    connection.socket.pause();
    await connection.hold;
  });
  const lines = await linesOf(
    engine,
    `${open(server)} c:settimeout(0.1)
    local ok, message, last = c:send(('x'):rep(14000000))
    show(ok, message, last < 14000000) show(c:send 'y')`,
  );
  expect(lines).toEqual(['nil timeout true', 'nil closed 0']);
});

it('says why there is no connection, in the words of LuaSocket', async () => {
  const hole = await openBlackHole();
  onTestFinished(() => hole.close());
  const lines = await linesOf(
    engine,
    `local socket = require 'socket'
    show(socket.connect('127.0.0.1', ${await closedPort()}))
    show(socket.connect('nosuch.example.com', 25)) show(socket.connect('127.0.0.1', 0))
    local c = socket.tcp() c:settimeout(0.2) show(c:connect('127.0.0.1', ${hole.port})) show(c:receive())
    show(socket.bind('*', 25)) show(socket.udp()) show(pcall(c.receive, c, '*x')) show(pcall(c.receive, {}))
    local unix = require 'socket.unix'() show(unix:connect('/nowhere/at.all')) show(unix:connect('/\\0x'))`,
  );
  expect(lines).toEqual([
    'nil connection refused',
    'nil host or service not provided, or not known',
    'nil host or service not provided, or not known',
    'nil timeout',
    'nil Socket is not connected ',
    'nil a policy cannot listen: it serves the clients of smtpe',
    'nil a policy has no UDP: for DNS there is the module dns, for syslog the module syslog',
    expect.stringContaining("bad argument #2 to 'receive' (invalid receive pattern)"),
    expect.stringContaining("bad argument #1 to 'receive' (tcp{client} expected)"),
    'nil No such file or directory',
    'nil No such file or directory',
  ]);
});

it('has a bound on connections, which are closed with the instance, closed or thrown away', async () => {
  const server = await serve((connection) => connection.hold);
  const lines = await linesOf(
    engine,
    `local socket = require 'socket'
    held = {}
    for i = 1, 4 do
      local c, message = socket.connect('127.0.0.1', ${server.port})
      show(c ~= nil, message) held[i] = c
    end
    held[1]:close() show(socket.connect('127.0.0.1', ${server.port}) ~= nil)`,
  );
  expect(lines).toEqual([
    ...['true nil', 'true nil', 'true nil'],
    ...['false more than 3 connections at once (option tcp-max-connections)', 'true'],
  ]);
  await Promise.all(server.connections.map((connection) => connection.until(() => false)));
  expect(server.connections.every(({ ended }) => ended)).toBe(true);
});

it('gives up what waits when the client goes away, and lets others run meanwhile', async () => {
  const server = await serve((connection) => connection.hold);
  const instance = await engine.open(`function hook.rcpt()
    local c = require('socket').connect('127.0.0.1', ${server.port})
    c:receive()
    return '250 late'
  end`);
  const outcome = instance.call('rcpt', ['a@example.com']);
  while (server.connections.length === 0) {
    expect(await engine.eval('return 1')).toEqual([1]);
    await nextTurn();
  }
  instance.close();
  expect(await outcome).toEqual({ kind: 'cancelled' });
  await server.connections[0]?.until(() => false);
});

it('keeps a connection from one hook to the next', async () => {
  const server = await serve(async (connection) => {
    for (let i = 1; i <= 2; i++) {
      await connection.until((received) => received.toString().split('\n').length > i);
      await connection.send(`answer ${i}\n`);
    }
  });
  const instance = await engine.open(`local c
  function hook.mail() c = require('socket').connect('127.0.0.1', ${server.port}) c:send 'one\\n' return '250 ' .. c:receive() end
  function hook.rcpt() c:send 'two\\n' return '250 ' .. c:receive() end`);
  expect(await instance.call('mail', ['a@example.com'])).toMatchObject({ reply: '250 answer 1' });
  expect(await instance.call('rcpt', ['b@example.com'])).toMatchObject({ reply: '250 answer 2' });
  expect(server.connections.length).toBe(1);
  instance.close();
});

it('has the rest of LuaSocket: protect, try, select, sources, sinks, names, time', async () => {
  const server = await serve(async (connection) => {
    await connection.until((received) => received.includes('sunk'));
    await connection.send('by length');
    connection.end();
  });
  const lines = await linesOf(
    engine,
    `${open(server)}
    show(#socket.select({ c }, nil, 0), select(3, socket.select({ c }, nil, 0.01)))
    socket.sink('keep-open', c)('sunk')
    local readable = socket.select({ c }, nil, 5) show(#readable, readable[1] == c)
    local source = socket.source('by-length', c, 4) show(source(), source(), source())
    source = socket.source('until-closed', c) show(source(), source())
    local finalized
    local try = socket.newtry(function() finalized = true end)
    show(socket.protect(function() try(nil, 'no') end)(), finalized)
    show(pcall(socket.protect(function() error('mine', 0) end)))
    show(socket.skip(2, 1, 2, 3))
    show(socket.dns.toip 'redis.example.com') show(socket.dns.tohostname '127.0.0.1') show(socket.dns.toip 'no.example.com')
    show(socket.dns.getaddrinfo('mx.example.com')[1].addr)
    local t = socket.gettime() socket.sleep(0.02) t = socket.gettime() - t show(t > 0.01 and t < 5)
    show(_G.socket == socket)`,
  );
  expect(lines.map((line) => line.replace(/table: 0x\w+/, 'table'))).toEqual([
    ...['0 timeout', '1 true', 'by l nil nil', 'ength nil', 'nil true', 'false mine', '3'],
    ...['127.0.0.1 table', 'redis.example.com table', 'nil host not found', '192.0.2.1', 'true', 'true'],
  ]);
});

it('says of modules in C what does the same here, and where it looked', async () => {
  const lines = await linesOf(
    engine,
    `for _, name in ipairs { 'lpeg', 'luasql.mysql', 'posix', 'ssl.core', 'osbf', 'nothing' } do
      show(select(2, pcall(require, name)):match 'C modules.*')
    end`,
  );
  expect(lines[0]).toMatch(/^C modules cannot be loaded; lpeg is one: LuLPeg does/);
  expect(lines[1]).toContain('luasql.mysql is one: no database');
  expect(lines[2]).toContain("posix is one: for files: require 'lfs'");
  expect(lines[3]).toContain("require 'ssl.https'");
  expect(lines[4]).toContain('rspamd');
  expect(lines[5]).toMatch(/^C modules cannot be loaded; the modules of smtpe are arc, /);
});
