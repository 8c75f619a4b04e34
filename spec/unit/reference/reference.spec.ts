// The generated files in doc/ and lib-lua/stubs are those that the tables give now. `npm run reference` writes them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testModule } from '../../../src/bench/module/test-module.ts';
import { dovecotDescription } from '../../../src/compat/dovecot/description.ts';
import { scriptFunctions } from '../../../src/compat/dovecot/script-functions.ts';
import { referenceFiles } from '../../../src/reference/files.ts';
import { withHookTables } from '../../../src/reference/hook-list.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { allRumbleTables } from '../../fakes/all-rumble-tables.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

const root = join(import.meta.dirname, '../../..');
const update = process.env.UPDATE_REFERENCE !== undefined;
const advice = 'not current: run npm run reference and commit what it writes';
const modules = [...allModules(), dovecotDescription, ...allRumbleTables(), testModule];
const files = referenceFiles(modules, scriptFunctions);

/** The text of a file; '' when there is none. */
function textOf(path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return '';
  }
}

function check(path: string, text: string): void {
  if (update) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  expect(textOf(path), `${path} is ${advice}`).toBe(text);
}

it.each([...files])('%s is current', (path, text) => {
  check(path, text);
});

it('the tables of doc/hooks.md are current', () => {
  const text = textOf('doc/hooks.md');
  const current = withHookTables(text);
  expect(current, 'doc/hooks.md lacks the marks of a table').toBeDefined();
  check('doc/hooks.md', current ?? text);
});

it.each(['doc/reference', 'lib-lua/stubs'])('%s has nothing else', (directory) => {
  const wanted = [...files.keys()].filter((path) => path.startsWith(`${directory}/`));
  expect(
    readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort(),
  ).toEqual(wanted.sort());
});

describe('the stubs', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await TestEngine.start();
  });
  afterAll(() => engine.engine.close());

  const sources = [...files].filter(([path]) => path.startsWith('lib-lua/'));
  it.each(sources)('%s is Lua', async (_, text) => {
    const literal = `"${Buffer.from(text, 'utf8')
      .toString('latin1')
      .replace(/[^A-Za-z0-9 ]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`)}"`;
    expect(await engine.eval(`return select(2, load(${literal}))`)).toEqual([]);
  });

  it('have every name of the API', () => {
    const all = sources.map(([, text]) => text).join('\n');
    for (const name of [
      'service.http.request',
      'net.is_ip',
      'md5_obj:append',
      'client = {}',
      '---@class mime_part',
      'dns.rcode = {',
    ])
      expect(all).toContain(name);
  });
});
