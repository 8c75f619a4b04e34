// Cases share one engine and the compiled text of the policy, and nothing else: whatever one has left in Lua, options, store, files, time, metrics or
// maps is not there for the next, in whatever order they are played; and the engine holds no more after many than after one.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CasePlayer } from '../../../src/bench/play-case.ts';
import { loadOnce, newBench, openStage } from '../../../src/bench/prepare.ts';
import { TestFile } from '../../../src/bench/test-file.ts';
import { testOptions } from '../../../src/bench/test-options.ts';
import { readOptionFile } from '../../../src/cli/read-option-file.ts';
import { libLuaDirectory } from '../../../src/installed.ts';
import { benchRun } from '../../fakes/bench-run.ts';

const policy = `
local mine = require 'mine'
loaded = (loaded or 0) + 1
function hook.init()
  inits = (inits or 0) + 1
  metric.declare('seen', 'counter', 'Seen.', { what = { 'a' } })
  smtpe.setoption('limit-recipients', smtpe.getoption('limit-recipients') + 1)
end
local function file(path)
  local f = io.open(path)
  if not f then return 'none' end
  local text = f:read('*a')
  f:close()
  return text
end
function hook.accept()
  if tonumber(smtpe.getoption('limit-recipients')) ~= 8 then return '554 5.3.5 options are not fresh' end
end
function hook.mail()
  local seen = table.concat({
    tostring(left), tostring(mine.left), tostring(store.get('left')), file('/nowhere/given.txt'), file(PLACE .. '/kept.txt'),
    tostring(package.loaded.left), tostring(('').left), tostring(hook.left), tostring(client.left), tostring(math.left),
    tostring(os.time()), tostring(loaded), tostring(inits), tostring(_G.dns.left), tostring(getmetatable(_G)),
  }, ' ')
  return '250 ' .. seen
end
function hook.rcpt()
  left, mine.left, client.left, hook.left, math.left, package.loaded.left = 1, 1, 1, function() end, 1, 1
  getmetatable('').__index.left = 1
  pcall(function() dns.left = 1 end)
  setmetatable(_G, {})
  assert(store.set('left', '1', 1000))
  local f = assert(io.open(PLACE .. '/kept.txt', 'w'))
  f:write('changed')
  f:close()
  metric.count('seen', 1, { what = 'a' })
  local m = map.open(PLACE .. '/list.txt')
  return '250 ' .. tostring(m:lookup('key'))
end
`;
const read = (place: string): string => `PLACE = '${place}'\n${policy}`;
const test = `
local t = require 'smtpe.test'
local fresh = 'nil nil nil none nothing nil nil nil nil nil 1767441600 1 nil nil nil'
local function look(s) s:mail('a@b.example'):expect(250, fresh) end
local function leave(s)
  t.file { ['/nowhere/given.txt'] = 'given', ['list.txt'] = 'key fake\\n' }
  t.dns { ['a.example A'] = '192.0.2.1' }
  smtpe.setoption('limit-recipients', 7)
  s:from('192.0.2.1'):mail('a@b.example'):rcpt('x@y.example'):expect(250, 'fake')
  t.clock:forward('1h')
end
t.case('looks first', look)
t.case('leaves', leave)
t.case('looks', look)
t.case('leaves again', leave)
t.case('looks again', look)
t.case('maps are read anew', function(s)
  s:mail('a@b.example'):rcpt('x@y.example'):expect(250, 'real')
end)
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-isolation-'));
  await Promise.all([
    writeFile(join(directory, 'policy.lua'), read(directory)),
    writeFile(join(directory, 'policy_test.lua'), test),
    writeFile(join(directory, 'mine.lua'), 'return {}'),
    writeFile(join(directory, 'kept.txt'), 'nothing'),
    writeFile(join(directory, 'list.txt'), 'key real\n'),
    writeFile(join(directory, 'smtpe.cf'), 'limit-recipients=7\n'),
  ]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Opened {
  play(name: string): Promise<string | undefined>;
  holdings(): object;
  close(): Promise<void>;
}

async function open(): Promise<Opened> {
  const path = join(directory, 'policy.lua');
  const testPath = join(directory, 'policy_test.lua');
  const stage = await openStage();
  const given = await testOptions([], join(directory, 'smtpe.cf'), readOptionFile, stage.scratch);
  expect(given.problems).toEqual([]);
  stage.options.adopt(given.options);
  stage.watch.start([testPath]);
  const bench = newBench(stage, testPath);
  const file = await TestFile.open(testPath, stage, bench, libLuaDirectory);
  if (typeof file === 'string') throw new Error(file);
  const loaded = await loadOnce(stage, bench, { path, more: [] });
  if (typeof loaded === 'string') throw new Error(loaded);
  const player = new CasePlayer(stage, bench, loaded, dirname(path), new Map());
  return {
    play: async (name) => {
      const one = bench.cases.find((testCase) => testCase.name === name);
      if (one === undefined) throw new Error(name);
      return (await player.play(file, one)).failure?.text;
    },
    holdings: () => {
      stage.engine.collect();
      const { anchored, threads } = stage.engine.holdings();
      return { anchored, threads, files: stage.engine.openFiles, waits: stage.engine.waits.length };
    },
    close: async () => {
      loaded.first.retire();
      file.close();
      await stage.close();
    },
  };
}

it('nothing of one case is there for the next, in whatever order they are played', async () => {
  const opened = await open();
  try {
    const names = [
      'looks',
      'leaves',
      'looks',
      'leaves',
      'leaves',
      'maps are read anew',
      'looks',
      'maps are read anew',
    ];
    for (const name of names) expect([name, await opened.play(name)]).toEqual([name, undefined]);
    const before = opened.holdings();
    for (let i = 0; i < 30; i++) await opened.play(i % 2 === 0 ? 'leaves' : 'looks');
    expect(opened.holdings()).toEqual(before);
  } finally {
    await opened.close();
  }
});

it('nor of one file of tests for the next, and a hook.init that fails fails the case', async () => {
  const metric = (labels: string): string =>
    `function hook.init() metric.declare('same', 'counter', 'Same.', { ${labels} }) end`;
  const empty = (body: string): string =>
    `local t = require 'smtpe.test'\nt.case('case', function(s) ${body} end)`;
  const { files, text } = await benchRun({
    'a.lua': `${metric("a = { 'x' }")} function hook.mail() smtpe.setoption('limit-recipients', 7) end`,
    'a_test.lua': empty(
      "t.store { left = '1' } smtpe.setoption('limit-recipients', 7) s:mail(''):expect(250)",
    ),
    'b.lua': `${metric("b = { 'y' }")} function hook.mail() return '250 ' .. tostring(store.get('left')) .. ' ' .. smtpe.getoption('limit-recipients') end`,
    'b_test.lua': empty("s:mail(''):expect(250, 'nil 1000')"),
    'c.lua': "function hook.init() if io.open('/nowhere/broken') then error('broken by a file') end end",
    'c_test.lua': empty("t.file { ['/nowhere/broken'] = '' } s:expect(220)"),
  });
  expect(files.map(({ problem }) => problem)).toEqual([undefined, undefined, undefined]);
  expect(text.match(/FAIL.*\n.*/g)).toEqual([
    'FAIL  case\n        line 2: hook.init: c.lua:1: broken by a file',
  ]);
});
