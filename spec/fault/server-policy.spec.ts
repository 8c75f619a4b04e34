// Policies that fail: at start, at reload, when a connection gets its instance, in hooks. What the start says, what the client hears, what
// the log says, and that a failing policy accepts nothing and costs nobody else anything.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(policy: string, options: Readonly<Record<string, string>> = {}): Promise<WholeServer> {
  server = await WholeServer.start({ policy, options });
  return server;
}

describe('at start', () => {
  it.each([
    ['a syntax error', 'function hook.mail(\nreturn 1 end', /policy\.lua:2: /],
    ['an error at file level', 'local x = 1\nx.y.z = 2', /policy\.lua:2: attempt to index/],
    ['an error of its own', "error('no configuration')", /policy\.lua:1: no configuration/],
    ['an error object', 'error({})', /error object is a table value|table/],
    ['an endless loop at file level', 'while true do end', /processor time/],
    ['a module that is missing', "require 'not.there'", /policy\.lua:1: module 'not\.there' not found/],
    [
      'hook.init that fails',
      "function hook.init()\n  error('no redis')\nend",
      /hook\.init: .*policy\.lua:2: no redis/,
    ],
    [
      'a name server that never answers hook.init',
      'function hook.init() while true do end end',
      /hook\.init: stopped/,
    ],
  ])('%s: it does not start, and says why', async (_what, policy, message) => {
    await expect(start(policy, { 'hook-cpu-limit': '100' })).rejects.toThrow(message);
  });
});

describe('when a connection gets its instance', () => {
  const policy = (path: string): string => `
    local file = io.open('${path}')
    if not file then error('no list of friends') end
    file:close()
    function hook.rcpt() return '250 2.1.5 friend' end
    function hook.close() syslog.info('closed') end`;

  it('an error at file level: 421, no hook is called, the log has the place; the next one is served', async () => {
    const list = join('/tmp', `smtpe-friends-${process.pid}`);
    await writeFile(list, '');
    const { said } = await start(policy(list));
    const before = await server?.settled();
    await rm(list);
    for (let i = 0; i < 3; i++) {
      const client = await server?.connect();
      expect(await client?.reply()).toBe('421 4.3.0 internal error\r\n');
      await client?.closed();
      client?.destroy();
    }
    expect(said.call(server, /^err script: .*policy\.lua:3: no list of friends/)).toHaveLength(3);
    expect(said.call(server, /^info closed/)).toEqual([]);
    await writeFile(list, '');
    const client = await server?.greeted();
    expect(await client?.command('EHLO c')).toMatch(/^250-/);
    client?.destroy();
    await rm(list);
    expect(before && (await server?.backTo(before))).toEqual(before);
  });

  it('an endless loop at file level that only some connections meet: those get 421', async () => {
    const flag = join('/tmp', `smtpe-flag-${process.pid}`);
    const running = await start(`if io.open('${flag}') then while true do end end`, {
      'hook-cpu-limit': '50',
    });
    await writeFile(flag, '');
    const client = await running.connect();
    expect(await client.reply()).toBe('421 4.3.0 internal error\r\n');
    client.destroy();
    await rm(flag);
    expect(running.said(/^err script: stopped: .*processor time.*"limit":"cpu"/)).toHaveLength(1);
    const other = await running.connect();
    expect(await other.reply()).toMatch(/^220 /);
    other.destroy();
  });
});

describe('at reload', () => {
  it.each([
    ['a syntax error', 'function ('],
    ['an error at file level', 'local t = nil; t.x = 1'],
    ['hook.init that fails', "function hook.init() error('no') end"],
    ['an endless loop', 'while true do end'],
  ])('%s: the old one stays, with every connection', async (_what, broken) => {
    const running = await start("function hook.noop() return '250 2.0.0 old' end", {
      'hook-cpu-limit': '100',
    });
    const old = await running.greeted();
    expect(await running.reload(broken)).toBe('failed');
    expect(running.said(/^err policy not reloaded, the old one stays: /)).toHaveLength(1);
    const client = await running.greeted();
    expect([await old.command('NOOP'), await client.command('NOOP')]).toEqual([
      '250 2.0.0 old\r\n',
      '250 2.0.0 old\r\n',
    ]);
    expect(await running.reload("function hook.noop() return '250 2.0.0 new' end")).toBe('ready');
    const third = await running.greeted();
    expect([await old.command('NOOP'), await third.command('NOOP')]).toEqual([
      '250 2.0.0 old\r\n',
      '250 2.0.0 new\r\n',
    ]);
    for (const one of [old, client, third]) one.destroy();
  });

  it('a hundred times, good and broken in turn, under way with connections: nothing of the old ones is left', async () => {
    const text = (n: number): string =>
      n % 3 === 2
        ? 'function ('
        : `local t = {} for i = 1, 1000 do t[i] = i .. '${n}' end function hook.noop() return '250 2.0.0 ' .. #t end`;
    const running = await start(text(0));
    for (let i = 1; i <= 30; i++) await running.reload(text(i));
    const before = await running.settled();
    const bytes = running.luaBytes();
    for (let i = 1; i <= 99; i++) {
      const client = await running.greeted();
      await running.reload(text(i));
      expect(await client.command('NOOP')).toBe('250 2.0.0 1000\r\n');
      client.destroy();
    }
    await running.quiet();
    expect(await running.backTo(before)).toEqual(before);
    expect(Math.abs(running.luaBytes() - bytes)).toBeLessThan(30_000);
  });
});

describe('in a hook', () => {
  const hooks = [
    'accept',
    'helo',
    'mail',
    'rcpt',
    'data',
    'header',
    'eoh',
    'body',
    'dot',
    'rset',
    'noop',
    'help',
    'quit',
  ];
  const DIALOGUE = [
    'HELO c',
    'NOOP',
    'HELP',
    'RSET',
    'MAIL FROM:<a@b.example>',
    'RCPT TO:<c@d.example>',
    'DATA',
    'Subject: x\r\n\r\nbody\r\n.',
    'QUIT',
  ];
  it.each(hooks)(
    'a Lua error in hook.%s: 421 and the end, nothing is accepted, hook.close runs',
    async (name) => {
      const running = await start(
        `function hook.${name}()\n  error('planned')\nend function hook.close(code) syslog.info('close ' .. code) end`,
        { 'smtp-default-at-dot': '250' },
      );
      const client = await running.connect();
      let last = await client.reply();
      for (const line of DIALOGUE) {
        if (last.startsWith('421')) break;
        client.write(`${line}\r\n`);
        last = await client.reply();
        if (name !== 'quit') expect(last).not.toMatch(/accepted/);
      }
      expect(last).toBe('421 4.3.0 internal error\r\n');
      await client.closed();
      client.destroy();
      await running.quiet();
      const [line = ''] = running.said(/^err /);
      expect(line).toMatch(
        new RegExp(`^err hook\\.${name}: .*policy\\.lua:2: planned .*"traceback":".*policy\\.lua:2`),
      );
      expect(running.said(/^info close 4/)).toHaveLength(1);
    },
  );

  it.each(['error', 'close', 'reset', 'reply', 'xclient', 'unknown', 'out_seq'])(
    'a Lua error in hook.%s: logged, and the session comes to its end',
    async (name) => {
      const running = await start(`function hook.${name}() error('planned') end`, {
        'smtp-xclient-hosts': '127.0.0.0/8',
      });
      const before = await running.settled();
      const client = await running.greeted();
      for (const line of ['WHAT', 'DATA', 'XCLIENT NAME=x.example', ...DIALOGUE]) {
        client.write(`${line}\r\n`);
        if (/^(421|221)?$/.test((await client.reply()).slice(0, 3))) break;
      }
      // A reset of what has ended already would never be over.
      if (client.socket.readableEnded) client.destroy();
      else client.socket.resetAndDestroy();
      await running.quiet();
      // hook.error is called for errors only, and this session had none.
      if (name !== 'error')
        expect(running.said(new RegExp(`^err hook\\.${name}: .*planned`)).length).toBeGreaterThanOrEqual(1);
      expect(await running.backTo(before)).toEqual(before);
    },
  );

  it('hook-error=default: the default reply instead, the log says the same', async () => {
    const running = await start("function hook.rcpt() error('planned') end", { 'hook-error': 'default' });
    const client = await running.greeted();
    await client.command('HELO c');
    await client.command('MAIL FROM:<a@b.example>');
    expect(await client.command('RCPT TO:<c@d.example>')).toMatch(/^250 2\.1\.0 recipient/);
    expect(running.said(/^err hook\.rcpt: .*planned/)).toHaveLength(1);
    client.destroy();
  });
});
