// doc/security.md: its limits and defaults are those of the option table, its replies those of smtpe, each row names a test that is there; and what
// no other test holds of it.

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { FileOut } from '../../../src/ops/log-out.ts';
import { createOptions, findOption } from '../../../src/options/option-set.ts';
import { optionNames, optionTable } from '../../../src/options/option-table.ts';
import { defaultText } from '../../../src/options/option-value.ts';
import { errorsOfReply } from '../../../src/smtp/server/reply-table.ts';
import { openEmbedded } from '../../../src/store/embedded/open-embedded.ts';
import { WholeServer } from '../../fakes/whole-server.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'doc/security.md'), 'utf8');

interface Row {
  readonly section: string;
  readonly cells: readonly string[];
}
/** Rows of its tables, without their heads. */
const rows: readonly Row[] = page.split(/^## /m).flatMap((section) => {
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => ({
    section: section.split('\n', 1)[0] ?? '',
    cells: line
      .slice(1, -1)
      .split(/ *(?<!\\)\| */)
      .map((cell) => cell.trim()),
  }));
});
const quoted = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
const limits = rows.filter(({ section }) => section === 'What a stranger can make us spend');

describe('the table of limits', () => {
  it('has them all but those of the policy itself and of its messages', () => {
    const named = new Set(limits.flatMap(({ cells }) => quoted(cells[1])));
    const elsewhere = new Set([
      // Of what a policy does to one message.
      ...[
        'limit-body-line',
        'limit-header-edits',
        'limit-header-edit-bytes',
        'limit-mime-edits',
        'limit-mime-edit-bytes',
      ],
      ...[
        'limit-mime-header-bytes',
        'limit-mime-boundary-length',
        'limit-mime-content-bytes',
        'limit-archive-names',
      ],
    ]);
    const missing = optionNames.filter((name) => /^(?:limit|rate)-/.test(name) && !named.has(name));
    expect(missing.filter((name) => !elsewhere.has(name))).toEqual([]);
    expect(limits.length).toBeGreaterThan(35);
  });

  it.each(limits.map(({ cells }) => [cells[1] ?? '', cells] as const))(
    '%s has its default',
    (_names, cells) => {
      const names = quoted(cells[1]);
      expect(names.length).toBeGreaterThan(0);
      const defaults = names.map((name) => {
        const option = findOption(name);
        if (option === undefined) throw new Error(`there is no option ${name}`);
        return defaultText(optionTable[option]);
      });
      expect(quoted(cells[2])).toEqual(defaults);
    },
  );

  it('shows replies that smtpe gives', () => {
    const replies = limits.flatMap(({ cells }) => quoted(cells[3]).filter((word) => /^[45]\d\d /.test(word)));
    expect(replies.length).toBeGreaterThan(15);
    expect(replies.filter((reply) => errorsOfReply(reply).length === 0)).toEqual([]);
  });
});

it('each row of the others names a test, and all tests that it names are there', () => {
  const others = rows.filter(({ section }) => section !== 'What a stranger can make us spend');
  expect(others.length).toBeGreaterThan(25);
  expect(
    others
      .filter(({ cells }) => !/`spec\/\S+\.spec\.ts`/.test(cells.at(-1) ?? ''))
      .map(({ cells }) => cells[0]),
  ).toEqual([]);
  const named = [...new Set([...page.matchAll(/`(spec\/[^`]+)`/g)].map(([, path = '']) => path))];
  expect(named.length).toBeGreaterThan(25);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it('SECURITY.md leads here, and to files that are there', async () => {
  const text = await readFile(join(root, 'SECURITY.md'), 'utf8');
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);
  expect(links).toContain('doc/security.md');
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

describe('what is private on disk', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-security-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

  it('a log file', async () => {
    const path = join(directory, 'smtpe.log');
    // The mode that it asks for is what a usual umask leaves of it.
    const before = process.umask(0o022);
    const out = await FileOut.open(path, systemClock).finally(() => process.umask(before));
    await out.close();
    expect(await modeOf(path)).toBe('640');
  });

  it('a store', async () => {
    const path = join(directory, 'store');
    const opened = await openEmbedded(
      'store',
      { kind: 'lmdb', path },
      {
        ...{ clock: systemClock, log: new RecordLog(), options: createOptions({}), random: () => 1 },
        resolver: { addresses: async () => [] },
        memory: { path: async () => path, close: async () => undefined },
      },
    );
    if (opened.kind === 'refused') throw new Error(opened.problem);
    await opened.store.set(Buffer.from('key'), Buffer.from('value'), 60);
    expect([
      await modeOf(path),
      await modeOf(join(path, 'data.mdb')),
      await modeOf(join(path, 'lock.mdb')),
    ]).toEqual([...['700', '600', '600']]);
    await opened.store.close();
  });
});

describe('what a policy cannot do', () => {
  it('start a command with lua-max-commands=0, load bytecode, require a C module', async () => {
    const server = await WholeServer.start({
      policy: `
        local function outcome(f, ...)
          local results = { pcall(f, ...) }
          return tostring(results[2]) .. ' ' .. tostring(results[3])
        end
        function hook.noop()
          return '250 ' .. table.concat({
            outcome(os.execute, 'true'),
            outcome(io.popen, 'true'),
            outcome(load, '\\27Lua'),
            outcome(require, 'lfs.core'),
          }, ' | '):gsub('%c', ' ')
        end`,
      options: { 'lua-max-commands': '0' },
    });
    const client = server.inMemory();
    await client.reply();
    const said = (await client.command('NOOP')).split(' | ');
    expect(said).toEqual([
      expect.stringMatching(/^250 nil .*lua-max-commands/),
      expect.stringMatching(/^nil .*lua-max-commands/),
      expect.stringMatching(/^nil .*(?:binary|bytecode|attempt to load)/i),
      expect.stringMatching(/module 'lfs\.core' not found/),
    ]);
    await client.quit();
    await server.stop();
  });
});

it('the container runs as somebody without rights, at a port that needs none', async () => {
  const file = await readFile(join(root, 'Dockerfile'), 'utf8');
  expect(file).toMatch(/^USER node$/m);
  const port = Number(
    /^smtp-server-port=(\d+)$/m.exec(await readFile(join(root, 'etc/docker.cf'), 'utf8'))?.[1],
  );
  expect(port).toBeGreaterThanOrEqual(1024);
  expect(file).toContain(`EXPOSE ${port}\n`);
  for (const path of ['/var/spool/smtpe', '/run/smtpe']) expect(file).toContain(path);
});
