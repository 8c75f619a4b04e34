// Services of scripts for Rumble (Rumble.createService) beyond the acceptance scripts: many clients, what goes wrong, reloads.

import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { ladder } from '../../src/observe/trace/ladder.ts';
import { type TraceGiven, Tracer } from '../../src/observe/trace/tracer.ts';
import { LineClient } from '../fakes/line-client.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer | undefined;
const clients: LineClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server?.stop();
  server = undefined;
});

async function start(source: string, options: Readonly<Record<string, string>> = {}): Promise<WholeServer> {
  server = await WholeServer.start({ files: { 'a.lua': source }, loadScripts: ['a.lua'], options });
  return server;
}

/** One that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const holder = createServer().listen(0, '127.0.0.1', () => {
      const address = holder.address();
      holder.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Where the services of the script listen that has asked for free ports, in its order. */
function ports(): readonly number[] {
  return (server as WholeServer)
    .said(/a service listens on/)
    .map((line) => Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]));
}

async function client(port: number): Promise<LineClient> {
  const one = await LineClient.connect(port);
  clients.push(one);
  return one;
}

/** Reads again what the file says, as a reload does. */
async function reload(source: string): Promise<string | undefined> {
  const whole = server as WholeServer;
  await writeFile(join(whole.directory, 'a.lua'), source);
  const prepared = await whole.app.loadScripts.prepare(whole.app.options);
  if (prepared.kind === 'failed') return prepared.message;
  prepared.take();
  return undefined;
}

const said = (pattern: RegExp): readonly string[] => (server as WholeServer).said(pattern);

describe('fifty clients and two threads', () => {
  const SOURCE = `
    local now, most = 0, 0
    Rumble.createService(function(session)
      now = now + 1
      most = math.max(most, now)
      session:send('your turn\\r\\n')
      local line = session:receive()
      now = now - 1
      session:send(line, ' ', most, '\\r\\n')
    end, 0, 2)`;

  it('are all served, two at once, in their order', async () => {
    await start(SOURCE, { 'rumble-service-queue': '48' });
    const [port = 0] = ports();
    const all: LineClient[] = [];
    for (let n = 0; n < 50; n++) all.push(await client(port));
    for (const [n, one] of all.entries()) {
      expect(await one.line()).toBe('your turn');
      // Who comes later has not heard anything yet.
      expect(all.slice(n + 2).every(({ buffered }) => buffered === '')).toBe(true);
      expect([await one.ask(`c${n}`), await one.line()]).toEqual([
        `c${n} ${n === 0 ? Number(all[1]?.buffered !== '') + 1 : 2}`,
        '<closed>',
      ]);
    }
  });

  it('are turned away where too many wait; who leaves while it waits takes no turn', async () => {
    const whole = await start(SOURCE, { 'rumble-service-queue': '2' });
    const [port = 0] = ports();
    const [a, b] = [await client(port), await client(port)];
    expect([await a.line(), await b.line()]).toEqual(['your turn', 'your turn']);
    const [c, d, e] = [await client(port), await client(port), await client(port)];
    expect(await e.rest()).toBe('');
    c.destroy();
    await waitUntil(() => expect(whole.limits.total).toBe(3));
    await a.ask('x');
    expect(await d.line()).toBe('your turn');
    expect(whole.app.scriptServices.find(String(port))?.facts).toMatchObject({
      workers: 2,
      busy: 2,
      sessions: 3,
      rejected: 1,
    });
  });
});

describe('what a script asks for', () => {
  it('is false for a port that somebody has, and for one that it has itself', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const taken = (other.address() as { readonly port: number }).port;
    await start(`
      local function f() end
      local free = 30000 + math.random(20000)
      print('=', Rumble.createService(f, ${taken}), Rumble.createService(f, free, 1), Rumble.createService(f, free, 1))`);
    expect(said(/^info =\t/)[0]).toContain('=\tfalse\ttrue\tfalse');
    expect(said(/^warning .*a\.lua: service \d+: .*EADDRINUSE/)).toHaveLength(1);
    other.close();
  });

  it('is false for the port of SMTP, which listens later than scripts are loaded', async () => {
    const smtp = await freePort();
    const own = { 'smtp-server-address': '127.0.0.1', 'smtp-server-port': String(smtp) };
    const source = `print('=', Rumble.createService(print, ${smtp}))`;
    const whole = await start(source, own);
    expect(said(/^info =\t/)[0]).toContain('=\tfalse');
    expect(said(new RegExp(`^warning .*a\\.lua: service ${smtp}: .*smtp-server-port`))).toHaveLength(1);
    (await whole.greeted()).destroy();
    await whole.stop();
    // At another address the number is free.
    await start(source, { ...own, 'smtp-server-address': '127.0.0.2' });
    expect(said(/^info =\t/)[0]).toContain('=\ttrue');
  });

  it.each([
    ['f, -1', 'there is no port -1; right would be: 1 to 65535, or 0'],
    ['f, 65536', 'there is no port 65536'],
    ['f, 2580.5', "bad argument #2 to 'Rumble.createService' (integer expected"],
    ['nil, 2580', "bad argument #1 to 'Rumble.createService' (function expected, got nil)"],
    ['f, 2580, 0', '0 threads; right would be: 1 to'],
  ])('is an error: %s', async (args, message) => {
    await expect(start(`local function f() end Rumble.createService(${args})`)).rejects.toThrow(message);
  });

  it('is an error once the file level has run', async () => {
    await start(`Rumble.createService(function(session)
      local _, a = pcall(Rumble.createService, print, 0)
      local _, b = pcall(Rumble.setHook, print, 'smtp', 'accept')
      session:send(a, '\\r\\n', b, '\\r\\n')
    end, 0)`);
    const one = await client(ports()[0] ?? 0);
    expect(await one.line()).toMatch(
      /Rumble\.createService is for the file level of a script: .*a\.lua has run$/,
    );
    expect(await one.line()).toMatch(/Rumble\.setHook is for the file level of a script: .*a\.lua has run$/);
  });

  it('leaves no port open when a later script fails', async () => {
    const port = await freePort();
    const starting = WholeServer.start({
      files: { 'a.lua': `Rumble.createService(function() end, ${port})`, 'b.lua': 'error("no")' },
      loadScripts: ['a.lua', 'b.lua'],
    });
    await expect(starting).rejects.toThrow(/^load-script: .*b\.lua:1: no/);
    await expect(LineClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('what goes wrong in a service', () => {
  it('is logged with its place, and closes the connection without a word', async () => {
    await start(
      `Rumble.createService(function(session)
        local line = session:receive()
        if line == 'loop' then while true do end end
        if line == 'much' then session:receivebytes(2000000) end
        error('broken')
      end, 0)`,
      { 'hook-cpu-limit': '100', 'rumble-receive-max': '1024' },
    );
    const [port = 0] = ports();
    for (const [line, logged] of [
      ['x', 'a\\.lua:5: broken'],
      ['loop', 'a\\.lua:3: used more than 100 ms'],
      ['much', '2000000 octets asked for; at most 1048576'],
    ] as const) {
      const one = await client(port);
      one.write(`${line}\r\n`);
      expect(await one.rest()).toBe('');
      expect(said(new RegExp(`^err .*a\\.lua: service ${port}: .*${logged}`))).toHaveLength(1);
    }
  });

  it('ends a call whose client leaves while it waits, and gives its lock back', async () => {
    const whole = await start(`Rumble.createService(function(session)
      session:lock()
      session:send('mine\\r\\n')
      local line, length, why = session:receive()
      print('left:', line, length, why)
      session:send('nobody hears this')
    end, 0, 5)`);
    const [port = 0] = ports();
    const [a, b] = [await client(port), await client(port)];
    expect(await a.line()).toBe('mine');
    a.destroy();
    expect(await b.line()).toBe('mine');
    expect(said(/left:\t\t0\tclosed/)).toHaveLength(1);
    b.destroy();
    await waitUntil(() => expect(whole.limits.total).toBe(0));
  });

  it('ends a call at once whose client is gone while it looks a name up, and not one whose client has closed its own side', async () => {
    // Nobody answers.
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    try {
      const whole = await start(
        `Rumble.createService(function(session)
          session:lock()
          session:send('mine\\r\\n')
          local line = session:receive()
          if line == 'gone' then session:send('heard\\r\\n') session:receive() end
          network.getMX('silent.test')
          session:send('answered\\r\\n')
          print('answered')
        end, 0, 5)`,
        { 'dns-servers': `127.0.0.1:${silent.address().port}`, 'dns-max-timeout': '600' },
      );
      const [port = 0] = ports();
      for (const line of ['a', 'gone']) {
        const [leaves, next] = [await client(port), await client(port)];
        expect(await leaves.line()).toBe('mine');
        leaves.write(`${line}\r\n`);
        if (line === 'gone') expect(await leaves.line()).toBe('heard');
        else await new Promise<void>((resolve) => silent.once('message', () => resolve()));
        leaves.socket.resetAndDestroy();
        expect(await next.line()).toBe('mine');
        next.socket.resetAndDestroy();
        await waitUntil(() => expect(whole.limits.total).toBe(0));
      }
      // Who has said all that it has to say waits for the answer.
      const waits = await client(port);
      expect(await waits.line()).toBe('mine');
      waits.end('b\r\n');
      await new Promise<void>((resolve) => silent.once('message', () => resolve()));
      expect([waits.isOver, whole.limits.total]).toEqual([false, 1]);
      expect(said(/answered/)).toEqual([]);
      expect(said(/^(?:err|warning) .*a\.lua/)).toEqual([]);
    } finally {
      silent.close();
    }
  });

  it('counts processor time anew with each line: 10,000 lines are no loop', async () => {
    await start(
      `Rumble.createService(function(session)
        local lines, octets = 0, 0
        while true do
          local line, length, why = session:receive()
          if why then break end
          lines, octets = lines + 1, octets + length
        end
        session:send(lines, ' ', octets, '\\r\\n')
        session:send(' ', lines, ' ', octets, '\\r\\n')
      end, 0)`,
      { 'hook-cpu-limit': '100', 'limit-line-length': '4096' },
    );
    const [port = 0] = ports();
    const many = await client(port);
    many.end('a line of text\r\n'.repeat(10_000));
    expect(await many.rest()).toContain(' 10000 140000\r\n');
    // One line without end: pieces of limit-line-length.
    const endless = await client(port);
    endless.end('y'.repeat(1_000_000));
    expect(await endless.rest()).toContain(' 245 1000000\r\n');
  });

  it('takes octets that are more than is kept at once', async () => {
    await start(`Rumble.createService(function(session)
      local data, count = session:receivebytes(3000000)
      session:send(data:SHA256(), ' ', count, '\\r\\n')
      local more, none = session:receivebytes(5)
      session:send(more, ' ', none, '\\r\\n')
    end, 0)`);
    const one = await client(ports()[0] ?? 0);
    one.write('\0\xff\r\n'.repeat(750_000));
    one.end();
    expect(await one.line()).toMatch(/ 3000000$/);
    expect(await one.line()).toBe(' -1');
  });
});

describe('a reload', () => {
  const says = (word: string, port: number | string): string => `
    count = (count or 0) + 1
    Rumble.createService(function(session)
      session:send('${word} ', count, '\\r\\n')
      while true do
        local line, _, why = session:receive()
        if why then return end
        session:send('${word} ', line, '\\r\\n')
      end
    end, ${port}, 1)`;

  it('takes a port over in a fresh environment; who is served goes on, who waits is served by the new one', async () => {
    await start(says('one', 0));
    const [port = 0] = ports();
    const [a, b] = [await client(port), await client(port)];
    expect(await a.line()).toBe('one 1');
    expect(await reload(says('two', 0))).toBeUndefined();
    expect(await b.line()).toBe('two 1');
    expect(await a.ask('still')).toBe('one still');
    expect(ports()).toEqual([port]);
    // What is wrong changes nothing.
    expect(await reload('error("no")')).toMatch(/^load-script: .*a\.lua:1: no/);
    expect(await b.ask('here')).toBe('two here');
    // Nobody asks for it any more.
    expect(await reload('')).toBeUndefined();
    await expect(LineClient.connect(port)).rejects.toThrow('ECONNREFUSED');
    expect([await a.ask('x'), await b.ask('y')]).toEqual(['one x', 'two y']);
  });

  it('changes the hooks of sessions that are open', async () => {
    const hook = (word: string): string =>
      `Rumble.setHook(function(s) s:send('250 ${word}\\r\\n') return 'ignore' end, 'smtp', 'command', 'noop')`;
    const whole = await start(hook('one'));
    const one = await whole.greeted();
    expect(await one.command('NOOP')).toBe('250 one\r\n');
    await reload(hook('two'));
    expect(await one.command('NOOP')).toBe('250 two\r\n');
    await reload('');
    expect(await one.command('NOOP')).toMatch(/^250 2/);
    one.destroy();
  });
});

it('a command that waits in one script while they are reloaded is asked of the next one as it was', async () => {
  const [first, second] = [
    `Rumble.setHook(function(s) s:send('334 say\\r\\n') s:receive() end, 'smtp', 'command', 'noop')`,
    `Rumble.setHook(function() return 550 end, 'smtp', 'command', 'noop')`,
  ];
  server = await WholeServer.start({
    files: { 'a.lua': first, 'b.lua': second },
    loadScripts: ['a.lua', 'b.lua'],
  });
  const one = await server.greeted();
  expect(await one.command('NOOP')).toBe('334 say\r\n');
  expect(await reload('')).toBeUndefined();
  expect(await one.command('x')).toMatch(/^550 /);
  one.destroy();
});

it('whoever follows what happens sees the calls into services, with what they wait for, and nothing that is said', async () => {
  const whole = await start(`
    Rumble.createService(function(session)
      local line = session:receive()
      if line == 'broken' then error('here') end
      session:send('heard\\r\\n')
    end, 0)`);
  const [port = 0] = ports();
  const tracer = new Tracer(whole.log.bus, systemClock, () => []);
  const take = (have: number): TraceGiven =>
    tracer.take({ reader: 'r', wish: { client: '127.0.0.1', fresh: true }, have, most: 1_000_000 });
  const { number } = take(0);
  for (const line of ['secret-4711', 'broken']) {
    const one = await client(port);
    one.write(`${line}\r\n`);
    await one.rest();
  }
  await waitUntil(() => expect(tracer.sessions).toBe(0));
  const { entries } = take(number);
  tracer.close();
  const text = ladder(entries);
  const told = text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .slice(18)
        .replace(/(?<![\d.])\d+\.\d(?: ms|(?= ))|all .*|\/\S*\//g, '')
        .replace(/ {2,}/g, ' ')
        .trim(),
    );
  const called = [
    `connect 127.0.0.1 at service ${port}`,
    `a.lua: service ${port}() a.lua:2`,
    'waits: session:receive from 127.0.0.1 a.lua:3',
  ];
  expect(told).toEqual([
    ...[...called, '-> a string, 11, nil', 'waits: session:send to 127.0.0.1 a.lua:5', '-> goes on'],
    ...['-> has returned Lua, waiting', 'end: has returned', ''],
    ...[...called, '-> a string, 6, nil', '-> a.lua:4: here Lua, waiting', 'end: a.lua:4: here', ''],
  ]);
  expect(text).not.toContain('4711');
});

it('the log is told to scripts as Rumble tells it, the newest first, 200 lines', async () => {
  const whole = await start(`
    Rumble.createService(function(session)
      local log = Rumble.getLog()
      session:send(' ', #log, '\\r\\n', log[1], log[2])
    end, 0)`);
  const [port = 0] = ports();
  for (let n = 0; n < 210; n++) {
    const one = await whole.connect();
    await one.reply();
    await one.command('QUIT');
    await one.closed();
  }
  await whole.quiet();
  const one = await client(port);
  expect(await one.line()).toBe(' 200');
  expect(await one.line()).toMatch(
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[smtp\]: \t session client=127\.0\.0\.1 /,
  );
  expect(await one.line()).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[smtp\]: \t /);
});

it('lines about scripts, and those that they write, are of lua; what strangers say begins no line', async () => {
  await start(`
    Rumble.createService(function(session)
      local line = session:receive()
      if line == 'break' then error(line) end
      if line ~= 'log' then print(line) return end
      for _, one in ipairs(Rumble.getLog()) do
        if one:find('broken', 1, true) or one:find(': break', 1, true) then session:send(one) end
      end
    end, 0)`);
  const [port = 0] = ports();
  for (const line of ['broken \x1b[31m \t [core]: \r fake', 'break']) {
    const one = await client(port);
    one.write(`${line}\r\n`);
    expect(await one.rest()).toBe('');
  }
  const one = await client(port);
  one.write('log\r\n');
  const lines = (await one.rest()).split('\r\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(
    /^[\d/]{10} [\d:]{8} \[lua\]: \t .*a\.lua: service \d+: .*a\.lua:4: break traceback=/,
  );
  expect(lines[1]).toMatch(
    /^[\d/]{10} [\d:]{8} \[lua\]: \t broken \\x1b\[31m \\t \[core\]: \\r fake script=.*a\.lua$/,
  );
});
