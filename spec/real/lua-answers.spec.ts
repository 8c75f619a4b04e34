// The record that spec/unit/lua/lua-answers.spec.ts goes by is what Debian's lua5.1 and lua5.4 say. UPDATE_LUA_ANSWERS=yes writes it anew.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answersChunk, type LuaAnswer } from '../fakes/lua-answers.ts';
import { describeWith } from './needs.ts';

const record = join(import.meta.dirname, '../unit/lua/lua-answers.json');
const recorded: readonly LuaAnswer[] = JSON.parse(readFileSync(record, 'utf8'));

function answersOf(program: string): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-lua-'));
  const path = join(directory, 'answers.lua');
  writeFileSync(path, answersChunk(recorded.map(({ expression }) => expression)));
  const text = execFileSync(program, [path], {
    encoding: 'latin1',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  rmSync(directory, { recursive: true });
  return text.trimEnd().split('\n');
}

describeWith(['lua5.1', 'lua5.4'], 'the recorded answers of Lua', () => {
  it('are those of lua5.1 and lua5.4', () => {
    const [old, later] = [answersOf('lua5.1'), answersOf('lua5.4')];
    const now = recorded.map(({ expression }, i) => ({
      expression,
      lua51: old[i] ?? '',
      lua54: later[i] ?? '',
    }));
    if (process.env.UPDATE_LUA_ANSWERS === 'yes') writeFileSync(record, `${JSON.stringify(now, null, 1)}\n`);
    else expect(now).toEqual(recorded);
  });
});
