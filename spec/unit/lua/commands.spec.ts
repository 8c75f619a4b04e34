// os.execute and io.popen run beside everything else.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
let directory: string;
beforeAll(async () => {
  engine = await TestEngine.start();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'smtpe-commands-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('os.execute', () => {
  it.each([
    ['true', [0, 'exit', 0]],
    ['exit 3', [768, 'exit', 3]],
    ['kill -TERM $$', [15, 'signal', 15]],
  ])('of %j gives status, how and number', async (command, expected) => {
    expect(await engine.eval(`return os.execute(${JSON.stringify(command)})`)).toEqual(expected);
  });

  it('without a command tells that there is a shell', async () => {
    expect(await engine.eval('return os.execute()')).toEqual([1]);
  });

  it('passes any bytes but NUL to the shell', async () => {
    const out = join(directory, 'out');
    await engine.eval(
      `local s = "" for i = 1, 255 do if i ~= 39 then s = s .. string.char(i) end end os.execute("printf %s '" .. s .. "' > ${out}")`,
    );
    expect(readFileSync(out)).toEqual(
      Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1).filter((i) => i !== 39)),
    );
  });

  it('lets other connections go on', async () => {
    const fifo = join(directory, 'go');
    const waiting = await engine.open(
      `function hook.mail() return (os.execute("while [ ! -e ${fifo} ]; do sleep 0.01; done")) end`,
    );
    const other = await engine.open('function hook.mail() return "served" end');
    const outcome = waiting.call('mail', []);
    expect(outcome).toBeInstanceOf(Promise);
    expect(await reply(other, 'mail')).toBe('served');
    writeFileSync(fifo, '');
    expect(await outcome).toMatchObject({ reply: '0' });
    waiting.close();
    other.close();
  });

  it('is killed, with what it started, when the connection ends', async () => {
    const started = join(directory, 'started');
    const instance = await engine.open(
      `function hook.mail() os.execute("(echo $$ > ${started}.tmp; mv ${started}.tmp ${started}; sleep 1000) & wait") end`,
    );
    const outcome = instance.call('mail', []);
    while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 5));
    const pid = Number(readFileSync(started, 'latin1'));
    instance.close();
    expect(await outcome).toEqual({ kind: 'cancelled' });
    const alive = () => {
      try {
        process.kill(-pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    while (alive()) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

describe('io.popen', () => {
  it('reads lines, numbers, blocks and all', async () => {
    expect(
      await engine.eval(`
        local p = io.popen("printf 'one\\\\ntwo\\\\n12 0x10 7rest of it\\\\nend'")
        local a, b = p:read("*l", "*L")
        local c, d, e = p:read("*n", "*n", "*n")
        local f, g, h, i = p:read(5), p:read("*a"), p:read("*a"), p:read("*l")
        return a, b, c, d, e, f, g, h, i, p:close()`),
    ).toEqual(['one', 'two\n', 12, 16, 7, 'rest ', 'of it\nend', '', undefined, true, 'exit', 0]);
  });

  it('iterates over lines and gives the exit status', async () => {
    expect(
      await engine.eval(
        'local p = io.popen("echo a; echo b; exit 5") local s = "" for l in p:lines() do s = s .. l .. "," end return s, p:close()',
      ),
    ).toEqual(['a,b,', true, 'exit', 5]);
  });

  it('carries a megabyte of every byte in both directions', async () => {
    const out = join(directory, 'out');
    const [n, same] = await engine.eval(`
      local all = {} for i = 0, 255 do all[i + 1] = string.char(i) end
      local data = table.concat(all):rep(4096)
      local w = io.popen("cat > ${out}", "w") assert(w:write(data) == w) w:close()
      local r = io.popen("cat ${out}") local back = r:read("*a") r:close()
      return #back, back == data`);
    expect([n, same]).toEqual([1_048_576, true]);
  });

  it('looks like a file', async () => {
    expect(
      await engine.eval(
        'local p = io.popen("true") local a = io.type(p) p:close() return a, io.type(p), pcall(p.read, p)',
      ),
    ).toEqual(['file', 'closed file', false, expect.stringContaining('attempt to use a closed file')]);
  });

  it('refuses another mode', async () => {
    expect(await engine.eval('return pcall(io.popen, "true", "x")')).toEqual([
      false,
      expect.stringContaining('invalid mode'),
    ]);
  });

  it('leaves no command behind when the connection ends', async () => {
    const started = join(directory, 'pid');
    const instance = await engine.open(
      `p = io.popen("echo $$; exec sleep 1000") function hook.mail() return p:read() end`,
    );
    const pid = Number(await reply(instance, 'mail'));
    instance.close();
    const alive = () => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    while (alive()) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(existsSync(started)).toBe(false);
  });
});

describe('a command that names files', () => {
  it('has them made before it runs', async () => {
    const paths: string[] = [];
    const own = await TestEngine.start({ files: { onPath: (path) => paths.push(path) } });
    await own.eval(
      `os.execute("test -e '/tmp/a b' || cat </spool/x >/dev/null 2>&1; true") io.popen("cat /spool/y 2>/dev/null"):close()`,
    );
    expect(paths).toEqual(expect.arrayContaining(['/spool/x', '/spool/y']));
  });
});
