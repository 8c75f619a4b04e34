// The standard for luacheck that ships: no alarm about anything of ours, none about a name that policies have, and one about each that does not exist.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestEngine } from '../fakes/lua-engine.ts';
import { Program } from '../fakes/program.ts';
import { describeWith, findProgram } from './needs.ts';

const root = join(import.meta.dirname, '../..');
const config = join(root, 'lib-lua/stubs/smtpe.luacheckrc');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-luacheck-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Shows policies with mistakes; a spec of its own says what becomes of each block. */
const MISTAKES = 'trouble.md';

async function alarms(...paths: readonly string[]): Promise<readonly string[]> {
  const args = ['--config', config, '--no-cache', '--no-color', '--formatter', 'plain', ...paths];
  const { stderr, stdout } = await new Program(findProgram('luacheck') ?? '', args, { cwd: root }).ended;
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describeWith(['luacheck'], 'luacheck', () => {
  it('has nothing against policies, recipes, tests and modules that ship', async () => {
    expect(await alarms('etc', 'lib-lua')).toEqual([]);
  });

  it('has nothing against the examples of the documents', async () => {
    const place = join(directory, 'doc');
    await mkdir(place);
    let count = 0;
    const pages = await readdir(join(root, 'doc'), { recursive: true });
    for (const path of [
      'README.md',
      ...pages.filter((name) => name.endsWith('.md') && name !== MISTAKES).map((name) => `doc/${name}`),
    ]) {
      const page = await readFile(join(root, path), 'utf8');
      // Pieces of files, which are looked at as a whole where they lie, or in what a page that is typed along ends with.
      const blocks = page
        .replaceAll(/^<!-- (?:from|file|add) \S+ -->\n```lua\n.*?^```/gms, '')
        .matchAll(/^```lua\n(.*?)^```/gms);
      for (const [, text = ''] of blocks) {
        count += 1;
        await writeFile(join(place, `${path.replaceAll('/', '-')}-${count}.lua`), text);
      }
    }
    expect(count).toBeGreaterThan(150);
    expect(await alarms(place)).toEqual([]);
  });

  it('knows every name that a policy has of the libraries of Lua', async () => {
    const engine = await TestEngine.start();
    const [names] = await engine.eval(`local all = {}
      for name, value in pairs(_G) do
        if type(value) ~= 'table' or name == '_G' then all[#all + 1] = name
        else for field in pairs(value) do all[#all + 1] = name .. '.' .. field end end
      end
      return table.concat(all, ' ')`);
    engine.engine.close();
    const file = join(directory, 'names.lua');
    const list = String(names).split(' ');
    expect(list.length).toBeGreaterThan(140);
    await writeFile(file, `return ${list.join(',\n')}\n`);
    expect(await alarms(file)).toEqual([]);
  });

  it('finds names that do not exist', async () => {
    const wrong = [
      'hook.recpt = print',
      'dsn.open()',
      'print(dns.rcode.NXDOMIAN)',
      'net.is_ipp("x")',
      'print(domains)',
    ];
    const file = join(directory, 'wrong.lua');
    await writeFile(file, `${wrong.join('\n')}\n`);
    const found = await alarms(file);
    expect(found.map((line) => Number(/:(\d+):/.exec(line)?.[1]))).toEqual([1, 2, 3, 4, 5]);
  });
});
