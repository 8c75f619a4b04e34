// The record that spec/unit/modules/library/module-answers.spec.ts goes by is what Debian's lua-socket, lua-cjson, lua-dkjson, lua-md5 and
// lua-filesystem say. UPDATE_MODULE_ANSWERS=yes writes it anew. And a client over a connection says the same with both.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { closedPort, startScripted } from '../../src/bench/ports/scripted-server.ts';
import { linesOf, shown, startElsewhere } from '../fakes/elsewhere-rig.ts';
import { type ModuleAnswer, moduleChunk } from '../fakes/module-answers.ts';
import { hasLuaFiles, luaPackageEnvironment } from './lua-packages.ts';
import { describeWith } from './needs.ts';

const record = join(import.meta.dirname, '../unit/modules/library/module-answers.json');
const recorded: readonly ModuleAnswer[] = JSON.parse(readFileSync(record, 'utf8'));
const there = hasLuaFiles('socket.lua', 'mime.lua', 'dkjson.lua', 'md5.lua');

function written(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-lua-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'script.lua');
  writeFileSync(path, text, 'latin1');
  return path;
}

describeWith(['lua5.1', 'lua5.4'], 'the modules of lib-lua/compat beside the real ones', () => {
  it.runIf(there)('are recorded as they are', () => {
    const expressions = recorded.map(({ expression }) => expression);
    const text = execFileSync('lua5.1', [written(moduleChunk(expressions, false))], {
      encoding: 'latin1',
      env: luaPackageEnvironment('5.1'),
    });
    const answers = text.trimEnd().split('\n');
    const now = expressions.map((expression, i) => ({ expression, answer: answers[i] ?? '' }));
    if (process.env.UPDATE_MODULE_ANSWERS === 'yes')
      writeFileSync(record, `${JSON.stringify(now, null, 1)}\n`);
    else expect(now).toEqual(recorded);
  });

  it.runIf(there).each(['5.1', '5.4'] as const)(
    'say the same over connections as with Lua %s',
    async (version) => {
      const server = await startScripted(async (connection) => {
        await connection.until((received) => received.includes('go\n'));
        await connection.send('first\r\nsecond\n\r\n12345');
        await connection.until((received) => received.includes('more\n'));
        await connection.drip('rest of it\nlast without end');
        connection.end();
      });
      onTestFinished(() => server.close());
      const script = `local socket = require 'socket'
      local c = assert(socket.tcp()) show(c:settimeout(5)) show(c:connect('127.0.0.1', ${server.port})) show(c:getpeername())
      show(c:send('xxgo\\nxx', 3, 5)) show(c:receive()) show(c:receive '*l') show(c:receive()) show(c:receive(3)) show(c:receive(4, '6'))
      c:settimeout(0.05) show(c:receive()) show(c:receive(5)) show(c:receive(0)) c:settimeout(5)
      show(c:send 'more\\n') show(c:receive('*l', 'pre ')) show(c:receive '*l') show(c:receive '*l') show(c:receive '*a') show(c:receive(1))
      show(c:close())
      show(socket.connect('127.0.0.1', ${await closedPort()}))`;
      const full = shown(script).replace(
        /return table\.concat\(lines, '\\n'\)$/,
        "print(table.concat(lines, '\\n'))",
      );
      const real = await promisify(execFile)(`lua${version}`, [written(full)], {
        encoding: 'latin1',
        env: luaPackageEnvironment(version),
      });
      const engine = await startElsewhere();
      onTestFinished(() => engine.engine.close());
      const ours = await linesOf(engine, script);
      // Counts are floats in Lua 5.4, and written so.
      const lines = real.stdout
        .replace(/(?<![.\d])(\d+)\.0(?![.\d])/g, '$1')
        .trimEnd()
        .split('\n');
      expect(ours).toEqual(lines);
    },
  );
});
