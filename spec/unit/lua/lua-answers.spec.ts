// What an expression is in a policy: as in Lua 5.1, but for a list of differences with their reasons. Where Lua 5.1 and 5.4 agree, ours
// may only have another text of an error. The answers of both are recorded (spec/real/lua-answers.spec.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { answersChunk, type LuaAnswer } from '../../fakes/lua-answers.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';
import { luaDifferences } from './lua-differences.ts';

const recorded: readonly LuaAnswer[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'lua-answers.json'), 'utf8'),
);

let ours: readonly string[];
beforeAll(async () => {
  const engine = await TestEngine.start();
  const [text] = await engine.eval(answersChunk(recorded.map(({ expression }) => expression)));
  ours = String(text).split('\n');
});

/** Without the words of an error: whether it went well, the place of the error, or the values. */
function shape(answer: string): string {
  return answer.replace(/(false \| (?:\w+:\d+: )?).*/, '$1');
}

describe('expressions', () => {
  it('are what they are in Lua 5.1, or stand in the list of differences', () => {
    const found = recorded.flatMap(({ expression, lua51 }, i) =>
      ours[i] === lua51 ? [] : [{ expression, ours: ours[i] }],
    );
    const listed = luaDifferences.flatMap(({ cases }) =>
      cases.map(([expression, answer]) => ({ expression, ours: answer })),
    );
    const sorted = (list: readonly { readonly expression: string; readonly ours: string | undefined }[]) =>
      list.toSorted((a, b) => (a.expression < b.expression ? -1 : 1));
    expect(sorted(found)).toEqual(sorted(listed));
  });

  it('where 5.1 and 5.4 agree differ in words only, or for a reason', () => {
    const allowed = new Set(
      luaDifferences
        .filter(({ againstBoth }) => againstBoth)
        .flatMap(({ cases }) => cases.map(([expression]) => expression)),
    );
    const wrong = recorded.filter(
      ({ expression, lua51, lua54 }, i) =>
        lua51 === lua54 && shape(ours[i] ?? '') !== shape(lua51) && !allowed.has(expression),
    );
    expect(wrong).toEqual([]);
  });
});
