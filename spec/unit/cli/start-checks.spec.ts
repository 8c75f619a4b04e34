import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findScript, listenProblem, spoolProblem, storeProblem } from '../../../src/cli/start-checks.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { Stores } from '../../../src/store/stores.ts';

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
    expect(await findScript(createOptions({ script: path }))).toEqual({ kind: 'found', path, more: [] });
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

describe('storeProblem', () => {
  /** The names that were opened, and the problem. */
  async function opened(text: string, file = '', path = '/policy/module.lua'): Promise<unknown> {
    const names: string[] = [];
    const stores: Stores = {
      has: () => true,
      open: (name) => {
        names.push(name);
        return { kind: 'refused', problem: 'no' };
      },
      close: async () => undefined,
    };
    const options = createOptions({ store: 'lmdb:/store' });
    const source = { text, files: [{ path, text: file }] };
    return [await storeProblem(stores, options, source, '/lib'), ...names];
  }
  const nothing = [undefined];
  const main = ['store=lmdb:/store: no', ''];

  it.each([
    ["local v = store.get('k')", main],
    ["local s = store . open 'near'", main],
    ["local ratelimit = require 'smtpe.ratelimit'", main],
    ["local list = require('smtpe.access') local l = access.redis('acl:')", main],
    ["require'smtpe.dnsbl'", main],
    ['-- store.get\nlocal x = 1 --[[ store.get\n store.set ]] local restore = {} restore.x = 1', nothing],
    ['--[==[ store.get ]] store.set ]==] local y', nothing],
    ["--[==[ a ]==] store.get 'k'", main],
    ["local access = require 'smtpe.access' access.open('list')", nothing],
    ['', nothing],
  ])('looks whether a policy uses it: %s', async (text, expected) => {
    expect(await opened(text)).toEqual(expected);
    expect(await opened('', text)).toEqual(expected);
  });

  it('does not take what comes with smtpe for a use', async () => {
    expect(await opened('', "store.get('k')", '/lib/smtpe/access.lua')).toEqual(nothing);
    expect(await opened('', "store.get('k')", '/library/access.lua')).toEqual(main);
  });
});

describe('listenProblem', () => {
  it.each([
    ['EADDRINUSE', /another program listens there/],
    ['EACCES', /need root or the capability CAP_NET_BIND_SERVICE/],
    ['EADDRNOTAVAIL', /no address of this machine/],
    ['EAFNOSUPPORT', /no IPv6; set smtp-server-address to addresses of IPv4/],
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
