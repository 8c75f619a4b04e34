// io and os of a policy work on the real disk, byte for byte.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Disk, realDisk, realSystem } from '../../../src/ops/system.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
let directory: string;
let paths: string[];
beforeAll(async () => {
  engine = await TestEngine.start({ files: { onPath: (path) => paths.push(path) } });
});
beforeEach(() => {
  paths = [];
  engine.log.lines.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'smtpe-files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const run = (source: string) => engine.eval(`local dir = ${JSON.stringify(directory)} ${source}`);
const inDirectory = (name: string) => join(directory, name);
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

it('a letter that separates the parts of a name is that letter, for package.searchpath', async () => {
  const [file, message] = await run(`return package.searchpath('f.%bar', '/nowhere/?.lua', 'a', '%')`);
  expect(file).toBeUndefined();
  expect(message).toBe("\n\tno file '/nowhere/f.%b%r.lua'");
});

describe('io', () => {
  it('writes and reads every byte', async () => {
    const [text] = await run(`
      local all = {} for i = 0, 255 do all[i + 1] = string.char(i) end all = table.concat(all)
      local f = assert(io.open(dir .. "/x", "wb")) assert(f:write(all, all)) assert(f:close())
      return (io.open(dir .. "/x", "rb"):read("*a"))`);
    expect(readFileSync(inDirectory('x'))).toEqual(Buffer.concat([everyByte, everyByte]));
    expect(Buffer.from(String(text), 'latin1')).toEqual(Buffer.concat([everyByte, everyByte]));
  });

  it('opens for reading, writing, appending and updating', async () => {
    expect(
      await run(`
        local p = dir .. "/x"
        local function put(mode, text) local f = assert(io.open(p, mode)) f:write(text) f:close() end
        local function all() local f = io.open(p) local s = f:read("*a") f:close() return s end
        put("w", "one") put("a", "two") local a = all()
        local f = io.open(p, "r+") f:seek("set", 3) f:write("TW") f:close() local b = all()
        local g = io.open(p, "a+") g:seek("set", 0) local first = g:read(3) g:write("!") g:close() local c = all()
        local h = io.open(p, "w+") h:write("new") h:seek("set") local d = h:read("*a") h:close()
        return a, b, first, c, d`),
    ).toEqual(['onetwo', 'oneTWo', 'one', 'oneTWo!', 'new']);
  });

  it('seeks from start, position and end', async () => {
    writeFileSync(inDirectory('x'), '0123456789');
    expect(
      await run(`
        local f = io.open(dir .. "/x")
        local a = f:seek("end") local b = f:seek("set", 2) local c = f:read(2) local d = f:seek("cur", 1) local e = f:read(1)
        local g = f:seek("end", -1) local h = f:read(5) local ok, message, number = f:seek("set", -1)
        return a, b, c, d, e, g, h, ok, message`),
    ).toEqual([10, 2, '23', 5, '5', 9, '9', undefined, 'Invalid argument']);
  });

  it('reads lines, numbers and blocks', async () => {
    writeFileSync(inDirectory('x'), 'one\ntwo\r\n12 0x1F rest\n\nlast');
    expect(
      await run(`
        local f = io.open(dir .. "/x")
        local out = { f:read("*l", "*L", "*n", "*n", 5, "*l", "*l", "*l", "*l") }
        local n = 0 for line in io.lines(dir .. "/x") do n = n + 1 end
        return n, #out, table.concat(out, "|", 1, 8)`),
    ).toEqual([5, 8, 'one|two\r\n|12|31| rest|||last']);
  });

  it('reads a big file block by block', async () => {
    writeFileSync(inDirectory('big'), Buffer.alloc(3_000_000, everyByte));
    expect(
      await run(
        'local n, sum = 0, 0 for block in io.lines(dir .. "/big", 65536) do n = n + #block sum = sum + block:byte(1) end return n, sum',
      ),
    ).toEqual([3_000_000, 0]);
  });

  it('gives the texts and numbers of the system when something fails', async () => {
    const { ENOENT, EISDIR, ENOTEMPTY } = constants.errno;
    writeFileSync(inDirectory('file'), '');
    expect(await run('return io.open(dir .. "/none/x")')).toEqual([
      undefined,
      `${directory}/none/x: No such file or directory`,
      ENOENT,
    ]);
    expect(await run('return os.remove(dir .. "/none")')).toEqual([
      undefined,
      `${directory}/none: No such file or directory`,
      ENOENT,
    ]);
    expect(await run('return os.rename(dir .. "/none", dir .. "/x")')).toEqual([
      undefined,
      `${directory}/none: No such file or directory`,
      ENOENT,
    ]);
    expect(await run('return io.open(dir, "w")')).toEqual([
      undefined,
      `${directory}: Is a directory`,
      EISDIR,
    ]);
    expect(await run('return os.remove(dir)')).toEqual([
      undefined,
      `${directory}: Directory not empty`,
      ENOTEMPTY,
    ]);
    expect(await run('return pcall(io.lines, dir .. "/none")')).toEqual([
      false,
      expect.stringContaining('No such file or directory'),
    ]);
    expect(await run('return pcall(io.open, dir .. "/x", "rx")')).toEqual([
      false,
      expect.stringContaining('invalid mode'),
    ]);
  });

  it('tells its hook every path before it is touched', async () => {
    await run(
      'io.open(dir .. "/a", "w"):close() os.rename(dir .. "/a", dir .. "/b") os.remove(dir .. "/b") io.open(dir .. "/\\255")',
    );
    expect(paths).toEqual(['a', 'a', 'b', 'b', '\u00ff'].map(inDirectory));
  });

  it('makes temporary files', async () => {
    const [name, text] = await run(
      'local f = io.tmpfile() f:write("abc") f:seek("set") local name = os.tmpname() return name, f:read("*a")',
    );
    expect(text).toBe('abc');
    expect(statSync(String(name))).toMatchObject({ size: 0 });
    expect(statSync(String(name)).mode & 0o777).toBe(0o600);
    rmSync(String(name));
  });

  it('writes and closes what the policy left open when its connection ends', async () => {
    await run(
      'kept = io.open(dir .. "/left", "w") kept:write("all of it") io.output(dir .. "/out") io.write("output")',
    );
    expect(readFileSync(inDirectory('left'), 'latin1')).toBe('all of it');
    expect(readFileSync(inDirectory('out'), 'latin1')).toBe('output');
    expect(engine.engine.openFiles).toBe(0);
  });

  it("cannot touch a stranger's file with a handle from a closed connection", async () => {
    const instance = await engine.open('f = io.open("/dev/null", "w") function hook.mail() return f end');
    instance.close();
    expect(engine.engine.openFiles).toBe(0);
    const other = await engine.open(
      `g = io.open(${JSON.stringify(inDirectory('mine'))}, "w") function hook.mail() g:write("x") g:close() end`,
    );
    engine.engine.collect();
    other.call('mail', []);
    expect(readFileSync(inDirectory('mine'), 'latin1')).toBe('x');
    other.close();
  });

  it('has no input of the process, and cannot close its output', async () => {
    expect(
      await run(
        'return io.read("*l"), io.stdin:read(5), io.type(io.stdout), (pcall(io.stdout.close, io.stdout)), io.type(io.stdout)',
      ),
    ).toEqual([undefined, undefined, 'file', true, 'file']);
  });

  it('keeps back nothing that another connection writes to the output of the process', async () => {
    const written: string[] = [];
    const disk: Disk = {
      ...realDisk,
      write(fd, from, at, length) {
        written.push(`${fd} ${Buffer.from(from.subarray(at, at + length)).toString('latin1')}`);
        return length;
      },
    };
    const other = await TestEngine.start({ system: { ...realSystem, disk } });
    // The C library would have put such a buffer in front of the output of all.
    await other.eval(`for _, name in ipairs { 'stdout', 'stderr' } do
      assert(io[name]:setvbuf('full', 100000) == true)
    end`);
    await other.eval('io.write("one\\n") io.stderr:write("two\\n")');
    expect(written).toEqual(['1 one\n', '2 two\n']);
    other.engine.close();
  });

  it('refuses a path that no system has before it is copied', async () => {
    expect(
      await run(`local long = ("x"):rep(4097)
        local function last(...) return (select(3, ...)) end
        return last(io.open(long)), last(os.remove(long)), last(os.rename(long, "a")), last(os.rename(dir, long)), (select(2, io.open(long)))`),
    ).toEqual([36, 36, 36, 36, `${'x'.repeat(60)}...: Filename too long`]);
  });

  it('gives errors for a closed file', async () => {
    expect(await run('local f = io.open("/dev/null") f:close() return io.type(f), pcall(f.read, f)')).toEqual(
      ['closed file', false, expect.stringContaining('attempt to use a closed file')],
    );
  });
});

describe('os', () => {
  it('renames and removes', async () => {
    writeFileSync(inDirectory('a'), 'x');
    expect(await run('return os.rename(dir .. "/a", dir .. "/b")')).toEqual([true]);
    expect(readdirSync(directory)).toEqual(['b']);
    expect(await run('return os.remove(dir .. "/b")')).toEqual([true]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('never ends the process', async () => {
    const [ok, message] = await run('return pcall(os.exit, 3)');
    expect(ok).toBe(false);
    expect(message).toMatch(/os\.exit: a policy cannot end the process/);
    expect(engine.log.short).toEqual(['err the policy called os.exit, which is refused']);
    expect(process.exitCode).toBeUndefined();
  });

  it('knows the environment of the process', async () => {
    process.env.SMTPE_SPEC = 'caf\u00e9';
    expect(await run('return #os.getenv("SMTPE_SPEC"), os.getenv("SMTPE_NO_SUCH")')).toEqual([5, undefined]);
  });

  it('counts processor time and knows the date in the zone of the process', async () => {
    const [clock, seconds, year] = await run(
      'local c = os.clock() return c, os.time(), tonumber(os.date("%Y"))',
    );
    expect(clock).toBeGreaterThan(0);
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(10);
    expect(year).toBe(new Date().getFullYear());
    expect(existsSync('/')).toBe(true);
  });
});
