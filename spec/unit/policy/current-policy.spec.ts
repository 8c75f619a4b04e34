import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { syslogModule } from '../../../src/modules/syslog.ts';
import { checkPolicy } from '../../../src/policy/check-policy.ts';
import { CurrentPolicy, helperModules, type PolicyPlace } from '../../../src/policy/current-policy.ts';
import { libLuaDirectory, TestEngine } from '../../fakes/lua-engine.ts';

let directory: string;
let test: TestEngine;
let place: PolicyPlace;
const write = (text: string): Promise<void> => writeFile(join(directory, 'p.lua'), text);
const logged = (pattern: RegExp): number =>
  test.log.lines.filter((line) => pattern.test(line.message)).length;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-policy-'));
  test = await TestEngine.start({ modules: [syslogModule] });
  const { engine, options, log } = test;
  place = { path: join(directory, 'p.lua'), libLuaDirectory, engine, modules: [], options, log };
});
afterEach(async () => {
  test.engine.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(): Promise<CurrentPolicy> {
  const started = await CurrentPolicy.start(place);
  if (started.kind === 'failed') throw new Error(started.message);
  return started.current;
}

/** What the policy's hook.noop answers to a new connection. */
async function answer(current: CurrentPolicy): Promise<string | undefined> {
  const opened = await current.policy.open({
    session: {} as never,
    options: test.options.fork(),
    log: test.log,
  });
  if (opened.kind === 'failed') throw new Error('did not open');
  const outcome = await opened.instance.call('noop', []);
  opened.instance.close();
  return outcome.kind === 'returned' ? outcome.reply : outcome.kind;
}

const noop = (n: number): string => `function hook.noop() return '250 ${n}' end\n`;

describe('CurrentPolicy', () => {
  it('runs hook.init once at start', async () => {
    await write(`${noop(1)}function hook.init() syslog.info('init ran') end`);
    const current = await start();
    expect(logged(/init ran/)).toBe(1);
    expect(await answer(current)).toBe('250 1');
  });

  it.each([
    ['a syntax error', 'function hook.noop(', /p\.lua:1: /],
    ['an error at file level', 'local x = 1\nx.y.z = 2', /p\.lua:2: attempt to index/],
    [
      'an error in hook.init',
      "function hook.init()\n  error('no redis')\nend",
      /^hook\.init: .*p\.lua:2: no redis/,
    ],
    ['an endless loop at file level', 'while true do end', /stopped: .*hook-cpu-limit|cpu|processor/i],
  ])('does not start with %s, and says where', async (_what, text, message) => {
    test.options.set('hook-cpu-limit', '50', 'spec');
    await write(text);
    expect(await CurrentPolicy.start(place)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['hooks.rcpt = print', "attempt to index a nil value (global 'hooks'); did you mean 'hook'?"],
    ["sysl0g.info('x')", "(global 'sysl0g'); did you mean 'syslog'?"],
    ["require 'smtpe.grelist'", "module 'smtpe.grelist' not found: did you mean 'smtpe.greylist'?"],
  ])('says what was meant: %s', async (text, says) => {
    await write(text);
    const started = await CurrentPolicy.start({ ...place, modules: [syslogModule] });
    expect(started.kind === 'failed' && started.message).toContain(says);
  });

  it('knows the modules that policies require', () => {
    const names = readdirSync(join(libLuaDirectory, 'smtpe')).map(
      (name) => `smtpe.${name.replace(/\.lua$/, '')}`,
    );
    expect(names.sort()).toEqual([...helperModules].sort());
  });

  it('does not start without the file', async () => {
    expect(await CurrentPolicy.start(place)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/cannot read the policy \S*p\.lua: there is no such file$/),
    });
  });

  const misspelt = /hook\.rctp is never called: there is no such hook; did you mean hook\.rcpt\?/;

  it('does not start, and is not reloaded, with a name in hook that is no hook', async () => {
    await write(`${noop(1)}function hook.rctp() end hook.helper = {} hook[7] = print`);
    expect(await CurrentPolicy.start(place)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(misspelt),
    });
    await write(noop(1));
    const current = await start();
    await write(`${noop(2)}function hook.rctp() end`);
    expect(await current.reload()).toMatchObject({ kind: 'failed' });
    expect(logged(new RegExp(`policy not reloaded, the old one stays: .*${misspelt.source}`))).toBe(1);
    expect(await answer(current)).toBe('250 1');
  });

  it('warns of it with hook-unknown=warn', async () => {
    test.options.set('hook-unknown', 'warn', 'spec');
    await write(`${noop(1)}function hook.rctp() end hook.helper = {} hook[7] = print`);
    await start();
    for (const name of ['rctp', 'helper', '7']) {
      expect(logged(new RegExp(`hook\\.${name} is never called`))).toBe(1);
    }
  });

  it.each([
    ["hook.rcpt = 'x'", 'hook.rcpt is a string; right would be: a function, or nil for no such hook'],
    ['hook.rcpt = 550', 'hook.rcpt is a number;'],
    ['hook.rcpt = {}', 'hook.rcpt is a table;'],
    ["hook.reset = 'x'", 'hook.reset is a string;'],
    ["hook.init = 'x'", 'hook.init is a string;'],
    ['hook = nil', 'hook is nil; right would be: a table of functions'],
    ['hook = print', 'hook is a function; right would be: a table of functions'],
  ])('refuses %s, whatever hook-unknown says', async (text, message) => {
    test.options.set('hook-unknown', 'warn', 'spec');
    await write(text);
    expect(await CurrentPolicy.start(place)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    'hook.rcpt = false',
    'hook.rcpt = setmetatable({}, { __call = function() end })',
    'hook = { rcpt = function() end }',
  ])('takes %s', async (text) => {
    await write(text);
    await start();
  });

  it('reloads: new connections get the new text, and only a good one', async () => {
    await write(noop(1));
    const current = await start();
    await write(noop(2));
    expect(await current.reload()).toMatchObject({ kind: 'ready' });
    expect(await answer(current)).toBe('250 2');
    await write('function hook.noop(');
    expect(await current.reload()).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/p\.lua:1/),
    });
    expect(logged(/policy not reloaded, the old one stays: .*p\.lua:1/)).toBe(1);
    expect(await answer(current)).toBe('250 2');
    await rm(place.path);
    expect(await current.reload()).toMatchObject({ kind: 'failed' });
    expect(await answer(current)).toBe('250 2');
    expect(current.policy.revision).toBe(2);
  });

  it('reads the file again for each reload asked for, one after the other', async () => {
    await write(noop(1));
    const current = await start();
    await write(noop(2));
    const first = current.reload();
    await write(noop(3));
    const second = current.reload();
    await Promise.all([first, second]);
    expect(await answer(current)).toBe('250 3');
    expect(current.policy.revision).toBe(3);
  });

  it('lets a connection go on with the policy it began with', async () => {
    await write(noop(1));
    const current = await start();
    const opened = await current.policy.open({ session: {} as never, options: test.options, log: test.log });
    if (opened.kind === 'failed') throw new Error('did not open');
    await write(noop(2));
    await current.reload();
    expect(await opened.instance.call('noop', [])).toMatchObject({ reply: '250 1' });
    opened.instance.close();
  });
});

describe('checkPolicy', () => {
  it('runs the file level and hook.init, and lists hooks known and unknown', async () => {
    await write(`${noop(1)}function hook.init() syslog.info('init ran') end function hook.acept() end`);
    const problem = `${place.path}:2:59: hook.acept is never called: there is no such hook; did you mean hook.accept?`;
    const found = {
      path: place.path,
      hooks: ['init', 'noop'],
      findings: { mistakes: [], warnings: [], hidden: [] },
    };
    const checked = async (): Promise<unknown> => {
      return checkPolicy(place);
    };
    expect(await checked()).toMatchObject([{ ...found, refused: [problem], tolerated: [] }]);
    test.options.set('hook-unknown', 'warn', 'spec');
    expect(await checked()).toMatchObject([{ ...found, refused: [], tolerated: [problem] }]);
    expect(logged(/init ran/)).toBe(2);
  });

  it.each([
    ['function hook.rctp() end', '1:10', 'hook.rctp is never called'],
    ['local f = print\nhook.rctp = f', '2:1', 'hook.rctp is never called'],
    ["hook['rctp'] = print", '1:1', 'hook.rctp is never called'],
    ['hook = {\n  rcpt = print,\n  rctp = print }', '3:3', 'hook.rctp is never called'],
    ["hook = { ['rctp'] = print }", '1:10', 'hook.rctp is never called'],
    ['if true then\n  hook.rctp = print\nend\nhook.rctp = print', '2:3', 'hook.rctp is never called'],
    ['hook.rcpt = 3', '1:1', 'hook.rcpt is a number; right would be: a function'],
    ["hook = { rcpt = 'x' }", '1:10', 'hook.rcpt is a string'],
  ])('%s: at %s', async (text, at, says) => {
    await write(text);
    const [file] = await checkPolicy(place);
    expect(file?.refused).toEqual([expect.stringContaining(`${place.path}:${at}: ${says}`)]);
    const started = await CurrentPolicy.start(place);
    expect(started).toMatchObject({ kind: 'failed', message: file?.refused[0] });
  });

  it.each([
    ['a module that fails', "require 'broken'", /broken\.lua:1: boom/],
    ['a module that is no Lua', "require 'syntax'", /syntax\.lua:1: /],
    ['a module that is not there', "require 'gone'", /module 'gone' not found/],
    ['a line that fails', "error('oh')", /p\.lua:1: oh/],
    ['a hook table that is lost', 'local h = hook h.x = nil hook = nil function fine() end', /hook is nil/],
  ])('%s hides no other mistake', async (_what, line, says) => {
    await writeFile(join(directory, 'broken.lua'), "error('boom')");
    await writeFile(join(directory, 'syntax.lua'), 'return = 1');
    const other = join(directory, 'other.lua');
    await writeFile(other, "function hook.mail() return '550 no', true end");
    const body = 'if false then\nfunction hook.rctp() end\nfunction hook.rcpt() return {} end\nend';
    await write(`${line}\n${body}`);
    const files = await checkPolicy({ ...place, more: [other] });
    expect(files).toMatchObject([
      {
        refused: [
          expect.stringMatching(says),
          expect.stringContaining('p.lua:3:10: hook.rctp is never called'),
        ],
        findings: { mistakes: [expect.stringContaining('p.lua:4:22: hook.rcpt returns a table')] },
      },
      { path: other, refused: [], findings: { mistakes: [expect.stringContaining('other.lua:1:22: ')] } },
    ]);
    expect(await CurrentPolicy.start(place)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(says),
    });
  });

  it('an unknown variable is found behind a module that fails, and none is said to be unknown that a module sets', async () => {
    await writeFile(join(directory, 'broken.lua'), "shared = 1 error('boom')");
    await write("require 'broken'\nfunction hook.rcpt() return shared or nosuch end");
    const [file] = await checkPolicy(place);
    expect(file?.findings.mistakes).toEqual([expect.stringContaining("there is no variable 'nosuch'")]);
    await writeFile(join(directory, 'broken.lua'), 'shared = = 1');
    expect((await checkPolicy(place))[0]?.findings.mistakes).toEqual([]);
  });

  it('says what hook.init stumbles over, and what the text shows', async () => {
    await write("function hook.init() error('no table') end function hook.rcpt() return nosuch end");
    const checked = await checkPolicy(place);
    expect(checked).toMatchObject([
      {
        refused: [expect.stringMatching(/^hook\.init: .*no table/)],
        findings: { mistakes: [expect.stringContaining("there is no variable 'nosuch'")] },
      },
    ]);
  });

  it('a start refuses a policy whose hooks are hidden by a local, and warns of the rest', async () => {
    await write('local hook = {} function hook.rcpt() end');
    expect(await CurrentPolicy.start(place)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining("'local hook' hides"),
    });
    await write('function hook.rcpt() return nosuch end');
    const started = await CurrentPolicy.start(place);
    expect(started.kind).toBe('ready');
    expect(logged(/there is no variable 'nosuch'/)).toBe(1);
  });
});
