// The modules of lib-lua/compat answer as the real ones do: the record is from Debian's packages (spec/real/module-answers.spec.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import { type ModuleAnswer, moduleChunk } from '../../../fakes/module-answers.ts';

const recorded: readonly ModuleAnswer[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'module-answers.json'), 'utf8'),
);

it('answers as LuaSocket, lua-cjson, dkjson, lua-md5 and LuaFileSystem do', async () => {
  const engine = await startElsewhere();
  onTestFinished(() => engine.engine.close());
  const expressions = recorded.map(({ expression }) => expression);
  const [text] = await engine.eval(moduleChunk(expressions, true));
  const answers = String(text).split('\n');
  expect(expressions.map((expression, i) => ({ expression, answer: answers[i] }))).toEqual(recorded);
});
