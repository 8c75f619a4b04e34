// hook.body called for many lines in one run of Lua must look to the policy exactly as one call for each.
import { afterEach, describe, expect, it } from 'vitest';
import { luaFunction } from '../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../src/lua-api/module-spec.ts';
import { SliceBatch } from '../../../src/lua-api/value.ts';
import type { PolicyInstance, RowOutcome } from '../../../src/policy/instance.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine | undefined;
afterEach(() => {
  engine?.engine.close();
  engine = undefined;
});

function batchOf(lines: readonly string[]): SliceBatch {
  const batch = new SliceBatch();
  batch.bytes = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  let at = 0;
  for (const line of lines) {
    batch.starts[batch.count] = at;
    at += line.length;
    batch.ends[batch.count++] = at;
    at += 2;
  }
  return batch;
}

async function open(policy: string, options: Readonly<Record<string, string>> = {}): Promise<PolicyInstance> {
  engine = await TestEngine.start({ options });
  return engine.open(policy);
}

async function seen(instance: PolicyInstance): Promise<unknown> {
  const outcome = await instance.run('return table.concat(seen, "|")', '=spec');
  return outcome.kind === 'returned' ? outcome.values[0] : outcome;
}

const record = 'seen = {} ';

describe('callEach', () => {
  it('calls the hook for each line in order, byte for byte, without a promise', async () => {
    const instance = await open(`${record} function hook.body(line) seen[#seen + 1] = line end`);
    const row = instance.callEach('body', batchOf(['a', '', '\0\xff', 'd']));
    expect(row).toEqual({
      done: 4,
      outcome: { kind: 'returned', reply: undefined, drop: false, values: [] },
    });
    expect(await seen(instance)).toBe('a||\0\xff|d');
  });

  for (const [returned, reply, drop] of [
    ["'550 no'", '550 no', false],
    ["true, '550 no'", '550 no', true],
    ["nil, '250 ok'", '250 ok', false],
    ['true', undefined, true],
  ] as const) {
    it(`stops behind the line that answers: return ${returned}`, async () => {
      const instance = await open(
        `${record} function hook.body(line) seen[#seen + 1] = line if line == 'b' then return ${returned} end end`,
      );
      const row = await instance.callEach('body', batchOf(['a', 'b', 'c']));
      expect(row.done).toBe(2);
      expect(row.outcome).toMatchObject({ kind: 'returned', reply, drop });
      expect(await seen(instance)).toBe('a|b');
    });
  }

  for (const [returned, types] of [
    ["'550 no', true", ['string', 'boolean']],
    ["1, true, '451 x'", ['number', 'boolean', 'string']],
    ["nil, nil, '550 no'", ['nil', 'nil', 'string']],
    ["nil, nil, nil, '550 no'", ['nil', 'nil', 'nil', 'string']],
    ["true, true, true, true, '550 no'", ['boolean', 'boolean', 'boolean', 'boolean']],
    ['{}', ['table']],
  ] as const) {
    it(`stops behind the line with a result that is no answer: return ${returned}`, async () => {
      const instance = await open(
        `${record} function hook.body(line) seen[#seen + 1] = line if line == 'b' then return ${returned} end end`,
      );
      const row = await instance.callEach('body', batchOf(['a', 'b', 'c']));
      expect(row.done).toBe(2);
      expect(row.outcome.kind === 'misshapen' && row.outcome.results.map(({ type }) => type)).toEqual(types);
      expect(await seen(instance)).toBe('a|b');
    });
  }

  it('takes nils, however many, for nothing', async () => {
    const instance = await open(
      `${record} function hook.body(line) seen[#seen + 1] = line return nil, nil, nil, nil, nil end`,
    );
    let row = await instance.callEach('body', batchOf(['a', 'b', 'c']));
    expect(row.outcome).toMatchObject({ kind: 'returned', reply: undefined, drop: false });
    row = await instance.callEach('body', batchOf(['d']));
    expect(row.outcome).toMatchObject({ kind: 'returned', reply: undefined, drop: false });
  });

  it('does what the policy does to its hooks meanwhile', async () => {
    const instance = await open(`${record}
      function hook.body(line)
        seen[#seen + 1] = line
        if line == 'b' then hook.body = function(other) seen[#seen + 1] = 'new ' .. other hook.body = nil end end
      end`);
    const row = await instance.callEach('body', batchOf(['a', 'b', 'c', 'd']));
    expect(row.done).toBe(4);
    expect(await seen(instance)).toBe('a|b|new c');
    expect(await instance.callEach('body', batchOf(['e', 'f']))).toEqual({
      done: 2,
      outcome: { kind: 'undefined' },
    });
  });

  it('names hook, place and message of an error in one line of many', async () => {
    const instance = await open("function hook.body(line)\n  if line == 'b' then error('bad line') end\nend");
    const row = await instance.callEach('body', batchOf(['a', 'b', 'c']));
    expect(row.outcome).toMatchObject({ kind: 'error', message: 'test.lua:2: bad line' });
    expect(await instance.callEach('body', batchOf(['a', 'c']))).toMatchObject({ done: 2 });
  });

  it('counts processor time for each line by itself, and stops the one that loops', async () => {
    const busy = 'local function work() local t = os.clock() while os.clock() - t < 0.02 do end end\n';
    const instance = await open(
      `${busy} function hook.body(line) work() if line == 'loop' then while true do end end end`,
      { 'hook-cpu-limit': '400' },
    );
    const lines = Array.from({ length: 24 }, (_, i) => String(i));
    // A row that is interrupted ends with the line that is being worked on.
    while (lines.length > 0) {
      const row = await instance.callEach('body', batchOf(lines));
      expect(row.outcome).toMatchObject({ kind: 'returned' });
      lines.splice(0, row.done);
    }
    expect(await instance.callEach('body', batchOf(['a', 'loop', 'c']))).toMatchObject({ done: 1 });
    const row = await instance.callEach('body', batchOf(['loop', 'c']));
    expect(row.outcome).toMatchObject({ kind: 'limit', limit: 'cpu' });
  });

  it('ends the row when the policy waits, and when a module is to be told that the hook has ended', async () => {
    const gate = new Gate();
    const ended: string[] = [];
    const noted = luaModule({
      name: 'noted',
      text: 'Wants to know when a hook has ended.',
      functions: [
        luaFunction({
          name: 'use',
          params: [],
          text: 'Uses it.',
          call: (context) => {
            context.slot(slot);
            return [];
          },
        }),
      ],
    });
    const slot = { name: 'noted', create: () => ended, endOfHook: (list: string[]) => list.push('end') };
    engine = await TestEngine.start({ modules: [gate.module, noted] });
    const instance = await engine.open(`
      function hook.body(line)
        if line == 'wait' then gate.wait('here') elseif line == 'use' then noted.use() end
      end`);
    const waiting = instance.callEach('body', batchOf(['a', 'wait', 'b']));
    expect(waiting).toBeInstanceOf(Promise);
    await gate.arrival('here');
    gate.open('here');
    expect((await waiting).done).toBe(2);
    expect((await instance.callEach('body', batchOf(['a', 'use', 'b']))).done).toBe(2);
    expect(ended).toEqual(['end']);
  });

  it('makes longer rows while they run through, and short ones when they do not', async () => {
    const instance = await open("function hook.body(line) if line == 'x' then return '250 ok' end end");
    const batch = batchOf(['a', 'b', 'c', 'd']);
    const first: RowOutcome = await instance.callEach('body', batch);
    expect([first.done, batch.limit]).toEqual([4, 16]);
    const other = batchOf(['x', 'b', 'c']);
    await instance.callEach('body', other);
    expect(other.limit).toBe(1);
  });
});
