// What doc/scripts-from-elsewhere.md and the check of policies say that is in the modules of lib-lua/compat is what is in them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { elsewhereModules } from '../../../../src/policy/lint/elsewhere.ts';
import { startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../../../fakes/lua-engine.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../doc/scripts-from-elsewhere.md'), 'utf8');
const words = new Set(
  [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => text.match(/\w+/g) ?? []),
);

let engine: TestEngine;
beforeAll(async () => {
  engine = await startElsewhere();
});
afterAll(() => engine.engine.close());

const namesIn = async (expression: string): Promise<readonly string[]> => {
  const [text] = await engine.eval(
    `local names = {} for name in pairs(${expression}) do names[#names + 1] = tostring(name) end table.sort(names) return table.concat(names, ' ')`,
  );
  return String(text).split(' ');
};

it.each(elsewhereModules)('the check knows what is in $global', async ({ module, global, names }) => {
  expect(await namesIn(`(function() require '${module}' return ${global} end)()`)).toEqual(
    names.split(' ').toSorted(),
  );
});

it.each([
  ...[
    'socket',
    'socket.dns',
    'socket.unix',
    'socket.http',
    'socket.url',
    'ssl.https',
    'ltn12',
    'ltn12.filter',
  ],
  ...[
    'ltn12.source',
    'ltn12.sink',
    'ltn12.pump',
    'mime',
    'json',
    'cjson',
    'cjson.safe',
    'dkjson',
    'base64',
    'md5',
  ],
  ...['sha1', 'sha2', 'redis', 'lfs'],
])('the page names all that is in %s', async (path) => {
  const [module = '', part] = [
    'socket.dns',
    'ltn12.filter',
    'ltn12.source',
    'ltn12.sink',
    'ltn12.pump',
  ].includes(path)
    ? path.split('.')
    : [path];
  const names = await namesIn(part === undefined ? `require '${module}'` : `require '${module}'.${part}`);
  expect(
    names.filter(
      (name) => !name.startsWith('_') && !/^[A-Z]+$/.test(name) && !name.endsWith('hex') && !words.has(name),
    ),
  ).toEqual([]);
});

it('all of them set a global that was not there, and none in the place of one that was', async () => {
  const globals = elsewhereModules.map(({ global }) => global);
  const modules = elsewhereModules.map(({ module }) => `'${module}'`).join(', ');
  const [text] = await engine.eval(`
    local before = {} for name in pairs(_G) do before[name] = true end
    json = 'mine'
    for _, module in ipairs { ${modules}, 'socket.http', 'ssl.https', 'mime', 'md5', 'sha1', 'sha2', 'base64', 'dkjson', 'cjson.safe' } do require(module) end
    local more = {} for name in pairs(_G) do if not before[name] then more[#more + 1] = name end end
    table.sort(more) return table.concat(more, ' ') .. '|' .. json`);
  expect(text).toBe(`${globals.toSorted().join(' ')}|mine`);
});
