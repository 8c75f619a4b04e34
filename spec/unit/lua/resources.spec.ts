// Commands and files of a policy: bounded, errors as values, nothing left behind.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PolicyInstance } from '../../../src/policy/instance.ts';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
let directory: string;
beforeEach(async () => {
  engine = await TestEngine.start();
  directory = mkdtempSync(join(tmpdir(), 'smtpe-resources-'));
});
afterEach(() => {
  engine.engine.close();
  rmSync(directory, { recursive: true });
});

/** Sockets and pipes of this process. */
const pipes = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^(pipe|socket):/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
const alive = (pid: number): boolean => {
  try {
    // A zombie is gone: its parent of a container may take its time.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const pidFrom = async (path: string): Promise<number> => {
  await until(() => existsSync(path) && /\n/.test(readFileSync(path, 'latin1')));
  return Number(readFileSync(path, 'latin1'));
};

describe('a command that cannot be started', () => {
  const long = "('x'):rep(200000)";
  it.each([
    [`os.execute('true ' .. ${long})`, [undefined, 'Argument list too long', 7]],
    [`io.popen('true ' .. ${long})`, [undefined, expect.stringMatching(/: Argument list too long$/), 7]],
    [`io.popen('true ' .. ${long}, 'w')`, [undefined, expect.stringMatching(/: Argument list too long$/), 7]],
  ])('%s is an answer', async (call, expected) => {
    expect(await engine.eval(`return ${call}`)).toEqual(expected);
    expect(engine.log.lines).toEqual([]);
  });

  // Under a limit of descriptors or processes, in a process of its own: see spec/real/descriptors.spec.ts.
});

describe('the limit of commands', () => {
  beforeEach(() => engine.options.set('lua-max-commands', '3', 'spec'));

  it('is one of running commands of a connection, with an error that names it', async () => {
    const instance = await engine.open(`
      function hook.mail()
        local open = {}
        for i = 1, 3 do open[i] = assert(io.popen('exec sleep 1000')) end
        local p, message, number = io.popen('true')
        local e, why, n = os.execute('true')
        return table.concat({ tostring(p), message, number, tostring(e), why, n }, ' / ')
      end`);
    expect(await reply(instance, 'mail')).toBe(
      'nil / true: too many commands: a connection may have 3 at once (lua-max-commands) / 11 / ' +
        'nil / too many commands: a connection may have 3 at once (lua-max-commands) / 11',
    );
    const other = await engine.open("function hook.mail() return (os.execute('true')) end");
    expect(await reply(other, 'mail')).toBe('0');
    for (const one of [instance, other]) one.close();
  });

  it('counts none that is over', async () => {
    expect(
      await engine.eval(`
        for i = 1, 10 do assert(io.popen('true')):close() assert(os.execute('true') == 0) end
        for i = 1, 10 do assert(io.popen('echo'):read('a') == '\\n') end
        return 'fine'`),
    ).toEqual(['fine']);
  });

  it('counts what a shell left in the background', async () => {
    expect(
      await engine.eval(`
        for i = 1, 3 do assert(os.execute('sleep 1000 >/dev/null 2>&1 &') == 0) end
        return (os.execute('true'))`),
    ).toEqual([undefined]);
  });
});

describe('nothing is left', () => {
  it.each([
    ['what was not read to its end', "local p = io.popen('seq 100000') p:read('*l')"],
    ['what was never read', "io.popen('echo hi')"],
    ['a command that waits for input', "local p = io.popen('cat >/dev/null', 'w') p:write('x')"],
    [
      'a command that nobody keeps',
      "for i = 1, 8 do io.popen('echo hi') end collectgarbage() collectgarbage()",
    ],
    ['a command of odd octets', "local p = io.popen('echo \\\\255; sleep 1000 \\255') p:read()"],
  ])('of %s', async (_what, text) => {
    const before = pipes();
    for (let i = 0; i < 5; i++) {
      const instance = await engine.open(`function hook.mail() ${text} end`);
      await instance.call('mail', []);
      instance.close();
    }
    await until(() => pipes() <= before);
  });

  it('of commands that were collected, while the connection lasts', async () => {
    const before = pipes();
    const instance = await engine.open("function hook.mail() io.popen('seq 100000'):read() end");
    for (let i = 0; i < 16; i++) await instance.call('mail', []);
    engine.engine.collect();
    await until(() => pipes() <= before);
    instance.close();
  });

  it.each([
    ['os.execute, in the background', "os.execute('sleep 1000 & echo $! > PID')", false],
    ['io.popen, in the background', "io.popen('sleep 1000 & echo $! > PID'):close()", false],
    ['a read that goes on', "io.popen('yes & echo $! > PID; wait'):read('a')", true],
    ['a read of what is in the background', "io.popen('sleep 1000 & echo $! > PID'):read('a')", true],
    ['a close', "io.popen('sleep 1000 & echo $! > PID; wait', 'w'):close()", true],
  ])('when the connection ends during %s', async (_what, text, waits) => {
    const path = join(directory, 'pid');
    const before = pipes();
    const instance = await engine.open(`function hook.mail() ${text.replace('PID', path)} end`);
    const outcome = instance.call('mail', []);
    const pid = await pidFrom(path);
    if (!waits) await outcome;
    expect(alive(pid)).toBe(true);
    instance.close();
    await outcome;
    await until(() => !alive(pid));
    await until(() => pipes() <= before);
  });

  it('when the hook is cut off', async () => {
    engine.options.set('hook-time-limit', '1', 'spec');
    const path = join(directory, 'pid');
    const instance = await engine.open(
      `function hook.mail() io.popen('yes & echo $! > ${path}'):read('a') io.popen('sleep 1000'):read('a') end`,
    );
    const outcome = await instance.call('mail', []);
    expect(outcome).toMatchObject({ kind: 'limit', limit: 'wall-clock' });
    instance.close();
    const pid = await pidFrom(path);
    await until(() => !alive(pid));
  });
});

describe('the output of a command', () => {
  it('is bounded: one that does not end is an error, and the command is told', async () => {
    expect(
      await engine.eval(`
        local p = io.popen('yes')
        local text, message, number = p:read('a')
        local _, how, code = p:close()
        return text, message, number, how, code`),
    ).toEqual([
      undefined,
      'the output of the command is longer than 26214400 octets (lua-max-string)',
      12,
      'exit',
      1,
    ]);
  });

  it('of one line too', async () => {
    expect((await engine.eval("return io.popen('tr \"\\\\0\" x </dev/zero'):read('l')"))[2]).toBe(12);
  });

  it('is taken in lines without looking at each octet more than once', async () => {
    engine.options.set('hook-cpu-limit', '20000', 'spec');
    const [count, time] = await engine.eval(`
      local n, t = 0, os.clock()
      for line in io.popen('seq 200000'):lines() do n = n + 1 end
      return n, os.clock() - t`);
    expect(count).toBe(200_000);
    expect(time).toBeLessThan(20);
  });

  it.each([
    ["io.popen('echo hi'):read(0)", ['']],
    ["io.popen('true'):read(0)", [undefined]],
    ["io.popen('true'):read(1)", [undefined]],
    ["io.popen('true'):read('a')", ['']],
    ["io.popen('printf abc'):read(2, 2, 2)", ['ab', 'c', undefined]],
    ["io.popen('printf abc'):read(2 ^ 40)", ['abc']],
    ["io.popen('printf \"%300s\" 7'):read('n')", [7]],
    ["io.popen('printf \"\\\\n\\\\nx\"'):read('l', 'L', 'l', 'l')", ['', '\n', 'x', undefined]],
    ["pcall(io.popen, 'true', 'rw')", [false, expect.stringContaining('invalid mode')]],
    ["pcall(io.popen, 'true', '')", [false, expect.stringContaining('invalid mode')]],
    ["io.popen('true'):seek()", [undefined, 'Illegal seek', 29]],
  ])('%s', async (call, expected) => {
    expect(await engine.eval(`return ${call}`)).toEqual(expected);
  });
});

describe('the input of a command', () => {
  it('is written as Lua writes numbers, any number of pieces', async () => {
    const out = join(directory, 'out');
    await engine.eval(`
      local p = io.popen('cat > ${out}', 'w')
      local many = {} for i = 1, 40 do many[i] = i end
      p:write(0.1 + 0.2, ' ', 1e15, ' ', 1 / 0, ' ', 2 ^ 63, ' ', 10 / 2, ' ', table.unpack(many))
      p:close()`);
    const [text] = await engine.eval(
      "return 0.1 + 0.2 .. ' ' .. 1e15 .. ' ' .. 1 / 0 .. ' ' .. 2 ^ 63 .. ' ' .. 10 / 2 .. ' '",
    );
    expect(readFileSync(out, 'latin1')).toBe(
      `${text}${Array.from({ length: 40 }, (_, i) => i + 1).join('')}`,
    );
  });

  it.each([
    ["p:write('a', nil)", /bad argument #2 to 'write' \(string expected, got nil\)/],
    ['p:write({})', /bad argument #1 to 'write' \(string expected, got table\)/],
  ])('%s is refused', async (call, message) => {
    expect(await engine.eval(`local p = io.popen('cat', 'w') return pcall(function() ${call} end)`)).toEqual([
      false,
      expect.stringMatching(message),
    ]);
  });

  it('to a command that has gone is an error with its number', async () => {
    expect(
      await engine.eval(`
        local p = io.popen('exec <&-; echo > ${join(directory, 'gone')}', 'w')
        while not io.open('${join(directory, 'gone')}') do end
        local ok, message, number
        for i = 1, 100 do ok, message, number = p:write(('x'):rep(100000)) if not ok then break end end
        return ok, message, number`),
    ).toEqual([undefined, 'Broken pipe', 32]);
  });
});

describe('files', () => {
  it('are limited for each connection, with an error that names the limit', async () => {
    engine.options.set('lua-max-files', '5', 'spec');
    const text = `
      local files = {}
      while true do
        local file, message, number = io.open('/dev/null')
        if not file then
          local ok, lines = pcall(io.lines, '/dev/null')
          local t, why = io.tmpfile()
          return #files .. ' ' .. message .. ' ' .. number .. ' ' .. lines .. ' ' .. tostring(t) .. ' ' .. why
        end
        files[#files + 1] = file
      end`;
    const limit = 'too many open files: a connection may have 5 (lua-max-files)';
    const instance = await engine.open(`function hook.mail() ${text} end`);
    expect(await reply(instance, 'mail')).toMatch(
      new RegExp(
        `^5 /dev/null: ${limit.replace(/[()]/g, '\\$&')} 24 .*/dev/null: too many open.* nil too many`,
      ),
    );
    const other = await engine.open("function hook.mail() return tostring(io.open('/dev/null')) end");
    expect(await reply(other, 'mail')).toMatch(/^file/);
    instance.close();
    other.close();
    expect(engine.engine.openFiles).toBe(0);
  });

  it('of any kind do not make anybody wait', async () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const writer = await engine.eval(`
      local r = assert(io.open('${fifo}'))
      local nothing, why, number = r:read('a')
      return nothing, why, number, select(2, io.open('/nowhere/x'))`);
    // Without a writer it is at its end.
    expect(writer[0]).toBe('');
    expect(await engine.eval(`return select(2, io.open('${fifo}', 'w'))`)).toEqual([
      expect.stringContaining('fifo: '),
      6,
    ]);
    expect(await engine.eval(`return pcall(dofile, '${fifo}')`)).toEqual([
      false,
      expect.stringContaining('Not a regular file'),
    ]);
  });

  it('without end are an error of memory, not the end of the process', async () => {
    engine.options.set('lua-max-memory', '64', 'spec');
    engine.options.set('hook-cpu-limit', '10000', 'spec');
    for (const what of ['a', 'l']) {
      const instance: PolicyInstance = await engine.open(
        `function hook.mail() local ok, m = pcall(function() return #io.open('/dev/zero'):read('${what}') end) return tostring(ok) end`,
      );
      const outcome = await instance.call('mail', []);
      expect(['false', 'limit']).toContain('reply' in outcome ? outcome.reply : outcome.kind);
      instance.close();
    }
  });

  it.each([
    ["io.open('x', 'w'):seek('set', -1)", 22],
    ["io.open('/'):read('a')", 21],
    ["io.open('/dev/full', 'w'):setvbuf('no') and nil, nil, 28", 28],
    ["(function() local f = io.open('/dev/full', 'w') f:setvbuf('no') return f:write('x') end)()", 28],
  ])('%s fails with the number of the system', async (call, number) => {
    const text = call.replace("'x'", `'${join(directory, 'x')}'`);
    const values = await engine.eval(`return ${text}`);
    expect([values[0], values[2]]).toEqual([undefined, number]);
  });
});
