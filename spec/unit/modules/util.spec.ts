// What the vectors do not show of util: the log line of a failed mkpath, and the shape of getloadavg.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LuaTable } from '../../../src/lua-api/value.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';
import { utilModule } from '../../fakes/util-module.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-util-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('util.mkpath', () => {
  it('suspends, and logs which part could not be made and why', async () => {
    await writeFile(join(directory, 'file'), '');
    const context = fakeCallContext();
    const waiting = callModule(utilModule, 'mkpath', context, `${directory}/file/x`);
    if (!('kind' in waiting)) throw new Error('did not suspend');
    expect(waiting.describe()).toContain(`${directory}/file/x`);
    expect(await waiting.done).toEqual([false]);
    expect(context.lines).toEqual([
      {
        level: 'warning',
        message: `util.mkpath: cannot make ${directory}/file: EEXIST`,
        fields: { path: `${directory}/file/x` },
      },
    ]);
  });

  it('says nothing when it is cancelled', async () => {
    const context = fakeCallContext();
    const waiting = callModule(utilModule, 'mkpath', context, `${directory}/a/b/c/d`);
    if (!('kind' in waiting)) throw new Error('did not suspend');
    waiting.cancel();
    expect(await waiting.done).toEqual([false]);
    expect(context.lines).toEqual([]);
  });
});

describe('util.getloadavg', () => {
  it('gives the averages by number and by name', () => {
    const result = callModule(utilModule, 'getloadavg', fakeCallContext());
    const [load] = 'kind' in result ? [] : result;
    if (!(load instanceof LuaTable)) throw new Error('no table');
    expect(load.sequence).toHaveLength(3);
    expect(Object.values(load.fields)).toEqual(load.sequence);
    expect(Object.keys(load.fields)).toEqual(['1m_avg', '5m_avg', '15m_avg']);
  });
});
