// The modules of a policy belong to its revision: loaded, checked and replaced with the script, whatever happens to their files.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { netModule } from '../../../src/modules/net.ts';
import { checkPolicy } from '../../../src/policy/check-policy.ts';
import { CurrentPolicy, type PolicyPlace } from '../../../src/policy/current-policy.ts';
import { namedFiles } from '../../../src/policy/prefetch.ts';
import { libLuaDirectory, TestEngine } from '../../fakes/lua-engine.ts';
import { utilModule } from '../../fakes/util-module.ts';

let directory: string;
let test: TestEngine;
let place: PolicyPlace;
const at = (name: string): string => join(directory, name);
const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(at(name), '..'), { recursive: true });
    await writeFile(at(name), text, 'latin1');
  }
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-revision-'));
  test = await TestEngine.start({ modules: [netModule, utilModule] });
  const { engine, options, log } = test;
  place = { path: at('p.lua'), libLuaDirectory, engine, modules: [], options, log };
});
afterEach(async () => {
  test.engine.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(source = place.source): Promise<CurrentPolicy> {
  const started = await CurrentPolicy.start(source === undefined ? place : { ...place, source });
  if (started.kind === 'failed') throw new Error(started.message);
  return started.current;
}

const pathsOf = (current: CurrentPolicy): readonly string[] => current.files.map(({ path }) => path);

/** What hook.noop of a new connection answers. */
async function answer(current: CurrentPolicy, word = ''): Promise<string | undefined> {
  const opened = await current.policy.open({
    session: {} as never,
    options: test.options.fork(),
    log: test.log,
  });
  if (opened.kind === 'failed') throw new Error(JSON.stringify(opened.outcome));
  const outcome = await opened.instance.call('noop', [word]);
  opened.instance.close();
  return outcome.kind === 'returned' ? outcome.reply : 'message' in outcome ? outcome.message : outcome.kind;
}

/** The ways in which a policy loads a file, each with hook.noop answering what the file says. */
const ways: readonly (readonly [string, string])[] = [
  ['required at file level', "local m = require 'm' function hook.noop() return m end"],
  ['required in a hook', "function hook.noop() return require 'm' end"],
  ['required by a module', "local n = require 'n' function hook.noop() return n end"],
  [
    'required under a name made at run time',
    "local x = require('' .. 'm') function hook.noop() return x end",
  ],
  ['dofile at file level', "local m = dofile(DIR .. '/m.lua') function hook.noop() return m end"],
  ['dofile in a hook, by a name made at run time', "function hook.noop() return dofile(DIR .. '/m.lua') end"],
  ['loadfile', "function hook.noop() return assert(loadfile(DIR .. '/m.lua'))() end"],
  [
    'in package.preload',
    "package.preload.x = loadfile(DIR .. '/m.lua') function hook.noop() return require 'x' end",
  ],
];
const withDirectory = (text: string): string => `DIR = '${directory}' ${text}`;
const n = "return require 'm'";

describe.each(ways)('a module %s', (_way, text) => {
  it('stays what it was until a reload', async () => {
    await write({ 'p.lua': withDirectory(text), 'm.lua': "return '250 one'", 'n.lua': n });
    const current = await start();
    expect(await answer(current)).toBe('250 one');
    await write({ 'm.lua': "return '250 two'" });
    expect(await answer(current)).toBe('250 one');
    await write({ 'm.lua': 'return = half' });
    expect(await answer(current)).toBe('250 one');
    await rm(at('m.lua'));
    expect(await answer(current)).toBe('250 one');
    await write({ 'm.lua': "return '250 three'" });
    expect(await current.reload()).toMatchObject({ kind: 'ready' });
    expect(await answer(current)).toBe('250 three');
  });

  it('goes to another process with its revision', async () => {
    await write({ 'p.lua': withDirectory(text), 'm.lua': "return '250 one'", 'n.lua': n });
    const current = await start();
    expect(await answer(current)).toBe('250 one');
    const source = JSON.parse(JSON.stringify(current.source));
    await write({ 'p.lua': 'broken(', 'm.lua': 'broken(', 'n.lua': 'broken(' });
    const other = await start(source);
    expect(await answer(other)).toBe('250 one');
    expect(other.source).toEqual(source);
    expect(await current.reload(source)).toMatchObject({ kind: 'ready' });
    expect(await answer(current)).toBe('250 one');
  });
});

describe('a module with a mistake', () => {
  it.each([
    ['required at file level', "require 'm'", /m\.lua:2: /],
    ['required in a hook', "function hook.rcpt() local x = require('m') end", /m\.lua:2: /],
    ['required by a module that a hook requires', "function hook.rcpt() require 'n' end", /m\.lua:2: /],
    ['required in hook.init', "function hook.init() require('m') end", /m\.lua:2: /],
    ['done in a hook', 'function hook.rcpt() dofile "PATH" end', /m\.lua:2: /],
  ])('%s stops the start, check and a reload; the old revision stays', async (_way, text, message) => {
    const good = { 'p.lua': "function hook.noop() return '250 old' end" };
    await write(good);
    const current = await start();
    const bad = { 'p.lua': text.replace('PATH', at('m.lua')), 'n.lua': n, 'm.lua': '\nreturn = 1' };
    await write(bad);
    const failed = { kind: 'failed', message: expect.stringMatching(message) };
    expect(await CurrentPolicy.start(place)).toMatchObject(failed);
    expect(await checkPolicy(place)).toMatchObject([{ refused: [failed.message] }]);
    expect(await current.reload()).toMatchObject(failed);
    expect(await answer(current)).toBe('250 old');
    // What mends it is among the files that are watched.
    expect(pathsOf(current)).toContain(at('m.lua'));
  });

  it('that is not of the policy and never loaded harms nobody', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'smtpe-lib-'));
    await writeFile(join(elsewhere, 'jit.lua'), 'x = 1LL');
    await write({ 'p.lua': "function hook.rcpt() require 'jit' end" });
    test.options.set('lua-path', `${elsewhere}/?.lua`, 'spec');
    await start();
    // The same in the directory of the script is the author's.
    await write({ 'jit.lua': 'x = 1LL' });
    expect(await CurrentPolicy.start(place)).toMatchObject({ kind: 'failed' });
    await rm(elsewhere, { recursive: true });
  });

  it('that a hook requires is read with the revision, from lua-path too', async () => {
    test.options.set('lua-path', `${directory}/lib/?.lua`, 'spec');
    await write({
      'p.lua': "function hook.noop() return require 'late' end",
      'lib/late.lua': "return '250 one'",
    });
    const current = await start();
    await write({ 'lib/late.lua': "return '250 two'" });
    expect(await answer(current)).toBe('250 one');
  });

  it('missing at a failed reload is watched for', async () => {
    await write({ 'p.lua': '' });
    const current = await start();
    await write({ 'p.lua': "require 'new'" });
    expect(await current.reload()).toMatchObject({ kind: 'failed' });
    expect(pathsOf(current)).toContain(at('new.lua'));
  });
});

describe('a revision', () => {
  it('remembers what was not there', async () => {
    await write({
      'p.lua': "function hook.noop() return (pcall(require, 'opt')) and '250 yes' or '250 no' end",
    });
    const current = await start();
    expect(await answer(current)).toBe('250 no');
    await write({ 'opt.lua': 'return 1' });
    expect(await answer(current)).toBe('250 no');
    await current.reload();
    expect(await answer(current)).toBe('250 yes');
  });

  it('does not hold what the policy itself writes', async () => {
    await write({
      'p.lua': withDirectory(`function hook.noop(s)
        local path = DIR .. '/state.lua'
        local ok, before = pcall(dofile, path)
        local f = assert(io.open(path .. '.new', 'w')) f:write('return "', s, '"') f:close()
        assert(os.rename(path .. '.new', path))
        return '250 ' .. (ok and before or 'none')
      end`),
    });
    const current = await start();
    expect([await answer(current, 'a'), await answer(current, 'b'), await answer(current, 'c')]).toEqual([
      '250 none',
      '250 a',
      '250 b',
    ]);
    expect(pathsOf(current)).toEqual([place.path]);
  });

  it('holds bytes and places with letters of any kind', async () => {
    const inner = join(directory, 'Büro-日本');
    await mkdir(inner);
    await writeFile(join(inner, 'p.lua'), "local m = require 'm' function hook.noop() return m end");
    await writeFile(join(inner, 'm.lua'), Buffer.from("return '250 \xff\xe4'", 'latin1'));
    const started = await CurrentPolicy.start({ ...place, path: join(inner, 'p.lua') });
    if (started.kind === 'failed') throw new Error(started.message);
    expect(await answer(started.current)).toBe('250 \xff\xe4');
    expect(pathsOf(started.current)).toEqual([join(inner, 'p.lua'), join(inner, 'm.lua')]);
    expect(await answer(await start(JSON.parse(JSON.stringify(started.current.source))))).toBe(
      '250 \xff\xe4',
    );
  });

  it('lists the files to watch', async () => {
    await write({ 'p.lua': "require 'm' function hook.rcpt() require 'n' end", 'm.lua': '', 'n.lua': '' });
    expect(pathsOf(await start())).toEqual([at('p.lua'), at('m.lua'), at('n.lua')]);
  });
});

describe('require', () => {
  const noop =
    "local m = require 'util' function hook.noop() return '250 ' .. tostring(m.who or m == util) end";

  it("takes the author's file before ours, and ours before lua-path", async () => {
    test.options.set('lua-path', `${directory}/lib/?.lua`, 'spec');
    await write({ 'p.lua': noop, 'lib/util.lua': "return { who = 'lua-path' }" });
    const current = await start();
    expect(await answer(current)).toBe('250 true');
    await write({ 'util.lua': "return { who = 'author' }" });
    await current.reload();
    expect(await answer(current)).toBe('250 author');
  });

  it.each([
    ["package.path = '/lib/?.lua;' .. package.path", '250 lua-path'],
    ["package.path = package.path .. ';/lib/?.lua'", '250 true'],
    ["package.path = '/lib/?.lua'", '250 lua-path'],
    ["package.path = '/nowhere/?.lua'", '250 true'],
  ])('goes by package.path: %s', async (change, expected) => {
    await write({
      'p.lua': `${change.replace('/lib', at('lib'))} ${noop}`,
      'lib/util.lua': "return { who = 'lua-path' }",
    });
    expect(await answer(await start())).toBe(expected);
  });

  it.each([' ', ', ', ',', ';', '\n'])('takes a lua-path separated by %j', async (separator) => {
    test.options.set('lua-path', [`${directory}/a/?.lua`, `${directory}/b/?.lua`].join(separator), 'spec');
    await write({
      'p.lua': "function hook.noop() return require 'x' .. require 'y' end",
      'a/x.lua': "return '250 x'",
      'b/y.lua': "return 'y'",
    });
    expect(await answer(await start())).toBe('250 xy');
  });

  it("takes the author's file before ours, also when somebody has looked through package.loaded", async () => {
    await write({
      'util.lua': "return { whose = 'mine' }",
      'p.lua':
        "for _ in pairs(package.loaded) do end function hook.noop() return '250 ' .. require('util').whose end",
    });
    expect(await answer(await start())).toBe('250 mine');
  });

  it('says that C modules cannot be loaded, and which modules there are', async () => {
    await write({
      'p.lua': "local ok, m = pcall(require, 'nothing.core') function hook.noop() return m end",
    });
    expect(await answer(await start())).toMatch(
      /module 'nothing\.core' not found:(\n\tno f.*)+\n\tC modules cannot be loaded; the modules of smtpe are client, net, util$/,
    );
  });

  it.each(['runtime.lines', 'runtime.environment', 'stubs.dns'])(
    'does not find the part %s of the engine',
    async (name) => {
      await write({ 'p.lua': `require '${name}'` });
      expect(await CurrentPolicy.start(place)).toMatchObject({ message: expect.stringMatching(/not found/) });
    },
  );
});

describe('dofile', () => {
  it.each([
    ['dofile "/nowhere/x.lua"', /^p\.lua:2: cannot open \/nowhere\/x\.lua: No such file or directory$/],
    ['dofile "/dev"', /^p\.lua:2: cannot read \/dev: Is a directory$/],
    ['dofile "/dev/zero"', /^p\.lua:2: cannot read \/dev\/zero: Not a regular file$/],
    ['dofile()', /^p\.lua:2: bad argument #1 to 'dofile' \(string expected, got no value\)$/],
    [
      'dofile(DIR .. "/bad.lua")',
      /^p\.lua:2: error loading file '.*bad\.lua':\n\t.*bad\.lua:3: unexpected symbol/,
    ],
  ])('%s names script and line', async (call, message) => {
    await write({
      'p.lua': withDirectory(`function hook.noop()\nlocal x = ${call}\nend`),
      'bad.lua': '\n\nx = = 1',
    });
    const current = await start();
    expect((await answer(current))?.replace(`${directory}/p.lua`, 'p.lua')).toMatch(message);
  });
});

describe('namedFiles', () => {
  it.each([
    ["local a = require 'a' local b = require('b') require \"c\"", ['a', 'b', 'c']],
    ["dofile('/x/y.lua') loadfile '/z.lua'", ['/x/y.lua', '/z.lua']],
    ["-- require 'a'\nlocal s = \"require 'b'\" --[[ require 'c' ]]", []],
    [
      "m.require 'a' m:require('b') function require(x) end require('a' .. n) require [[d]] require 'a\\x41'",
      [],
    ],
    ["pcall(require, 'a')", []],
  ])('%j', (source, names) => {
    expect(namedFiles(source).map(({ what }) => what)).toEqual(names);
  });
});
