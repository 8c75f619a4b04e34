// The index of `smtpe sink` as it may lie there: cut off by the end of a process, or written by somebody else.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEntries, SinkStore } from '../../../src/cli/sink-store.ts';

const good = {
  ...{
    n: 7,
    time: '2026-01-03T12:00:00.000Z',
    client: '127.0.0.1',
    from: 'a@b.example',
    to: ['x@example.com'],
  },
  ...{ bytes: 3, subject: 'hi', file: '000007.eml' },
};
const without = (name: keyof typeof good): string => JSON.stringify({ ...good, [name]: undefined });

const strange: readonly string[] = [
  ...['', 'null', '1', '"x"', '[]', '{}', '{"n":1', '\0', '\xff\xfe'],
  ...(Object.keys(good) as (keyof typeof good)[]).map(without),
  JSON.stringify({ ...good, to: 'x' }),
  JSON.stringify({ ...good, to: [1] }),
  JSON.stringify({ ...good, n: '7' }),
  ...['../precious', '/etc/passwd', 'index', '000007.eml/..'].map((file) =>
    JSON.stringify({ ...good, file }),
  ),
];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-sink-spec-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the index of a sink', () => {
  it.each(strange)('leaves out %j', async (line) => {
    await writeFile(join(directory, 'index'), `${line}\n${JSON.stringify(good)}\n`, 'latin1');
    expect(await readEntries(directory)).toEqual([good]);
  });

  it('never leads to a file outside of it that goes when there are too many', async () => {
    const inside = join(directory, 'inside');
    const store = await SinkStore.open(inside, 1);
    await writeFile(join(directory, 'precious'), '');
    const evil = JSON.stringify({ ...good, file: '../precious' });
    await writeFile(join(inside, 'index'), `${evil}\n${JSON.stringify(good)}\n`);
    expect(store.directory).toBe(inside);
    const next = await SinkStore.open(inside, 1);
    await next.take({ ...good, n: 8, file: '000008.eml' });
    expect(await readdir(directory)).toContain('precious');
    expect((await readEntries(inside)).map(({ n }) => n)).toEqual([8]);
  });
});
