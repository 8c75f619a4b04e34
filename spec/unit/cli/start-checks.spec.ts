import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findScript, listenProblem, spoolProblem } from '../../../src/cli/start-checks.ts';
import { createOptions } from '../../../src/options/option-set.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-around-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('findScript', () => {
  it('finds the named policy', async () => {
    const path = join(directory, 'p.lua');
    await writeFile(path, '');
    expect(await findScript(createOptions({ script: path }))).toEqual({ kind: 'found', path });
  });

  it('says which file is missing and where it was named', async () => {
    const path = join(directory, 'none.lua');
    expect(await findScript(createOptions({ script: path }))).toEqual({
      kind: 'missing',
      problem: `createOptions: script=${path}: there is no such file`,
    });
    expect(await findScript(createOptions({ script: directory }))).toMatchObject({ kind: 'missing' });
  });
});

describe('spoolProblem', () => {
  it('has nothing against a directory, or none at all', async () => {
    expect(await spoolProblem(createOptions({ 'spool-dir': directory }))).toBeUndefined();
    expect(await spoolProblem(createOptions({ 'spool-dir': '' }))).toBeUndefined();
  });

  it('says how to make a missing one, and what a file is not', async () => {
    const path = join(directory, 'none');
    expect(await spoolProblem(createOptions({ 'spool-dir': path }))).toBe(
      `createOptions: spool-dir=${path}: there is no such directory; make it with: mkdir -p -m 700 ${path}`,
    );
    await writeFile(path, '');
    expect(await spoolProblem(createOptions({ 'spool-dir': path }))).toMatch(/that is no directory$/);
  });
});

describe('listenProblem', () => {
  it.each([
    ['EADDRINUSE', /another program listens there/],
    ['EACCES', /need root or the capability CAP_NET_BIND_SERVICE/],
    ['EADDRNOTAVAIL', /no address of this machine/],
  ])('explains %s', (code, text) => {
    const error = Object.assign(new Error(`listen ${code}`), { code });
    const problem = listenProblem(Object.assign(error, { where: '127.0.0.1:25' }), createOptions());
    expect(problem).toMatch(text);
    expect(problem).toMatch(/^cannot listen on 127\.0\.0\.1:25: /);
  });

  it('passes on the text of others', () => {
    expect(listenProblem(Object.assign(new Error('odd'), { where: 'x:1' }), createOptions())).toBe(
      'cannot listen on x:1: odd',
    );
  });
});
