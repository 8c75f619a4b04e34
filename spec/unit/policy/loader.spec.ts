import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createLuaEngine } from '../../../src/lua/engine.ts';
import { loadPolicy } from '../../../src/policy/loader.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { libLuaDirectory, reply, TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
let gate: Gate;
let directory: string;
beforeAll(async () => {
  gate = new Gate();
  gate.automatic = true;
  engine = await TestEngine.start({ modules: [gate.module] });
});
beforeEach(() => {
  engine.log.lines.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'smtpe-loader-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text, 'latin1');
  return path;
}

const settings = { revision: 7, luaPath: '', libLuaDirectory };

describe('a policy file', () => {
  it('is loaded with its path and revision', async () => {
    const path = file('p.lua', 'function hook.mail() return "ok" end');
    const loaded = await loadPolicy(engine.engine, { path }, settings);
    expect(loaded).toMatchObject({ kind: 'loaded', policy: { path, revision: 7 } });
    const instance = await engine.open(await engine.load({ path }));
    expect(await reply(instance, 'mail')).toBe('ok');
    instance.close();
  });

  it('may begin with #! and a byte order mark; lines count on', async () => {
    for (const start of ['#!/usr/bin/lua\n', '\u00ef\u00bb\u00bf#!x\n', '# comment\r\n']) {
      const instance = await engine.open(
        await engine.load({ path: file('p.lua', `${start}function hook.mail() error("x") end`) }),
      );
      expect(instance.call('mail', [])).toMatchObject({ message: expect.stringMatching(/p\.lua:2: x$/) });
      instance.close();
    }
  });

  it('may contain any bytes and end without a line end, in a comment', async () => {
    const bytes = String.fromCharCode(
      ...Array.from({ length: 256 }, (_, i) => i).filter((i) => ![10, 13, 34, 92].includes(i)),
    );
    const path = file('p.lua', `text = "${bytes}" function hook.mail() return text end -- end`);
    const instance = await engine.open(await engine.load({ path }));
    expect(await reply(instance, 'mail')).toBe(bytes);
    instance.close();
  });

  it.each([
    ['x = = 1', /p\.lua:1: unexpected symbol near '='/],
    [
      '\n\nfunction f()\n  if x then\nend\n',
      /p\.lua:6: 'end' expected \(to close 'function' at line 3\) near <eof>/,
    ],
    ['end', /p\.lua:1: '?<eof>'? expected near 'end'/],
    ['end, function()', /p\.lua:1: '?<eof>'? expected near 'end'/],
    ['x = "unfinished', /p\.lua:1: unfinished string/],
    ['\u001bLua binary', /p\.lua: compiled Lua cannot be loaded/],
  ])('that is no Lua is refused with file and line: %j', async (text, message) => {
    const loaded = await loadPolicy(engine.engine, { path: file('p.lua', text) }, settings);
    expect(loaded).toMatchObject({ kind: 'failed', message: expect.stringMatching(message) });
  });

  it('that is missing is refused with its path', async () => {
    const path = join(directory, 'missing.lua');
    expect(await loadPolicy(engine.engine, { path }, settings)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(path),
    });
  });

  it('may wait at file level', async () => {
    const instance = await engine.open('name = gate.wait("file level") function hook.mail() return name end');
    expect(await reply(instance, 'mail')).toBe('file level');
    instance.close();
  });

  it('gets no arguments at file level', async () => {
    const instance = await engine.open('n = select("#", ...) function hook.mail() return n end');
    expect(await reply(instance, 'mail')).toBe('0');
    instance.close();
  });

  it('is given up when it is retired and its last instance is closed', async () => {
    const before = engine.engine.memoryUse().lua;
    const policy = await engine.load(
      `local t = { ${'"a long constant string that takes memory", '.repeat(2000)} } function hook.mail() end`,
    );
    const instance = await engine.open(policy);
    policy.retire();
    expect(instance.call('mail', [])).toMatchObject({ kind: 'returned' });
    instance.close();
    engine.engine.collect();
    expect(engine.engine.memoryUse().lua - before).toBeLessThan(2000);
  });
});

describe('hook.init', () => {
  const owner = () => ({ options: engine.options, log: engine.log });

  it('runs in an instance of its own', async () => {
    const policy = await engine.load(
      'n = 0 function hook.init() n = n + 1 gate.wait("x") end function hook.mail() return n end',
    );
    expect(await policy.runInit(owner())).toMatchObject({ kind: 'returned' });
    const instance = await engine.open(policy);
    expect(await reply(instance, 'mail')).toBe('0');
    instance.close();
    expect(policy.instances).toBe(0);
  });

  it('need not be there', async () => {
    expect(await (await engine.load('')).runInit(owner())).toEqual({ kind: 'undefined' });
  });

  it('that fails is logged and tells why', async () => {
    const policy = await engine.load('function hook.init() error("no database") end');
    expect(await policy.runInit(owner())).toMatchObject({
      kind: 'error',
      message: 'test.lua:1: no database',
    });
    expect(engine.log.short).toEqual(['err hook.init: test.lua:1: no database']);
  });
});

describe('require', () => {
  it('finds modules beside the script, below it, and passes the name', async () => {
    file('helper.lua', 'return { name = ..., n = select("#", ...) }');
    mkdirSync(join(directory, 'pack'));
    file('pack/init.lua', 'return "pack"');
    file('pack/part.lua', 'return "part of " .. ...');
    const path = file(
      'p.lua',
      'local h = require "helper" function hook.mail() return h.name .. h.n .. require "pack" .. require "pack.part" end',
    );
    const instance = await engine.open(await engine.load({ path }));
    expect(await reply(instance, 'mail')).toBe('helper1packpart of pack.part');
    instance.close();
  });

  it('tells what it tried, and what is wrong with a module', async () => {
    file('broken.lua', 'x = = 1');
    file('failing.lua', '\nerror("in failing")');
    file('loop1.lua', 'return require "loop2"');
    file('loop2.lua', 'return require "loop1"');
    const path = file('p.lua', 'function hook.mail(name) require(name) end');
    const instance = await engine.open(await engine.load({ path }));
    const message = async (name: string) => {
      const outcome = await instance.call('mail', [name]);
      return 'message' in outcome ? outcome.message : outcome.kind;
    };
    expect(await message('nowhere')).toMatch(
      /p\.lua:1: module 'nowhere' not found:\n\tno field package\.preload\['nowhere'\]\n\tno file '.*nowhere\.lua'/,
    );
    expect(await message('broken')).toMatch(
      /error loading module 'broken' from file '.*broken\.lua':\n\t.*broken\.lua:1: unexpected symbol/,
    );
    expect(await message('failing')).toMatch(/failing\.lua:2: in failing/);
    expect(await message('failing')).toMatch(/failing\.lua:2: in failing/);
    expect(await message('loop1')).toMatch(/loop or previous error loading module 'loop1'/);
    instance.close();
  });

  it("may wait at a module's file level", async () => {
    file('waiting.lua', 'return gate.wait("loaded")');
    const path = file('p.lua', 'function hook.mail() return require "waiting" end');
    const instance = await engine.open(await engine.load({ path }));
    expect(await reply(instance, 'mail')).toBe('loaded');
    instance.close();
  });
});

describe('modules of lib-lua', () => {
  async function withLibrary(files: Record<string, string>): Promise<(policy: string) => Promise<string>> {
    const library = join(directory, 'lib-lua');
    cpSync(join(libLuaDirectory, 'runtime'), join(library, 'runtime'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(library, name), text);
    const lua = await createLuaEngine({
      log: engine.log,
      clock: systemClock,
      options: engine.options,
      modules: [gate.module],
      libLuaDirectory: library,
      files: { onPath() {} },
    });
    return async (text) => {
      const loaded = await loadPolicy(
        lua,
        { source: text, name: 'p.lua' },
        { ...settings, libLuaDirectory: library },
      );
      if (loaded.kind === 'failed') throw new Error(loaded.message);
      const opened = await loaded.policy.open({
        session: undefined as never,
        options: engine.options,
        log: engine.log,
      });
      if (opened.kind === 'failed') return JSON.stringify(opened.outcome);
      opened.instance.setClient({ address: 'mine' });
      const outcome = await opened.instance.call('mail', []);
      opened.instance.close();
      return outcome.kind === 'returned' ? String(outcome.reply) : JSON.stringify(outcome);
    };
  }

  it('are run for each connection: what one does to them no other sees', async () => {
    const run = await withLibrary({
      'count.lua': 'local n = 0 return { next = function() n = n + 1 return n end }',
    });
    const policy = 'function hook.mail() return require("count").next() end';
    expect([await run(policy), await run(policy)]).toEqual(['1', '1']);
    const note =
      'local m = require("count") function hook.mail() local old = tostring(m.note) m.note = "from me" return old end';
    expect([await run(note), await run(note)]).toEqual(['nil', 'nil']);
  });

  it('see client and hook of the connection that calls, may wait, and use each other', async () => {
    const run = await withLibrary({
      'who.lua':
        'local help = require "help" local M = {} function M.address() return help.wrap(client.address) end function M.install() hook.rcpt = function() end end return M',
      'help.lua': 'return { wrap = function(s) return "<" .. gate.wait(s):upper() .. ">" end }',
    });
    expect(
      await run(
        'local who = require "who" function hook.mail() who.install() return who.address() .. tostring(hook.rcpt ~= nil) end',
      ),
    ).toBe('<MINE>true');
  });

  it('set globals of the connection that requires them', async () => {
    const run = await withLibrary({ 'global.lua': 'leak = (leak or 0) + 1 return {}' });
    const policy = 'require "global" function hook.mail() return tostring(leak) end';
    expect([await run(policy), await run(policy)]).toEqual(['1', '1']);
  });

  it('are not the parts of the engine', async () => {
    const run = await withLibrary({});
    for (const name of [
      'runtime.lines',
      'runtime.environment',
      'stubs.hook',
      'runtime/lines',
      '.runtime.lines',
      './runtime/lines',
    ]) {
      expect(
        await run(`function hook.mail() return tostring((pcall(require, ${JSON.stringify(name)}))) end`),
        name,
      ).toBe('false');
    }
  });
});
