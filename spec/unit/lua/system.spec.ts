// What os and io of a policy reach of the machine is handed in: nothing of it is touched when others stand in.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk, ExitStatus, FileFacts, RunningCommand, System } from '../../../src/ops/system.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

class FakeCommand implements RunningCommand {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly exited: Promise<ExitStatus>;
  readonly text: string;
  alive = true;
  killed = 0;
  exit: (status: ExitStatus) => void = () => {};

  constructor(text: string) {
    this.text = text;
    this.exited = new Promise((resolve) => {
      this.exit = (status) => {
        this.alive = false;
        resolve(status);
      };
    });
  }

  kill(): void {
    this.killed++;
    this.exit({ how: 'signal', code: 9 });
  }
}

const noEntry = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

/** Files in memory, by name. */
class FakeDisk implements Disk {
  readonly files = new Map<string, Buffer>();
  readonly #open = new Map<number, string>();
  #next = 100;

  open(path: Buffer | string, flags: number): number {
    const name = path.toString();
    const creates = (flags & 0o100) !== 0;
    if (!this.files.has(name)) {
      if (!creates) noEntry();
      this.files.set(name, Buffer.alloc(0));
    }
    this.#open.set(this.#next, name);
    return this.#next++;
  }
  close(fd: number): void {
    this.#open.delete(fd);
  }
  read(fd: number, into: Uint8Array, at: number, length: number, position: number | null): number {
    const content = this.#content(fd).subarray(position ?? 0, (position ?? 0) + length);
    into.set(content, at);
    return content.length;
  }
  write(fd: number, from: Uint8Array, at: number, length: number): number {
    const name = this.#open.get(fd) ?? noEntry();
    this.files.set(name, Buffer.concat([this.#content(fd), from.subarray(at, at + length)]));
    return length;
  }
  status(fd: number) {
    return { isFile: () => true, size: this.#content(fd).length };
  }
  rename(from: Buffer, to: Buffer): void {
    this.files.set(to.toString(), this.files.get(from.toString()) ?? noEntry());
    this.files.delete(from.toString());
  }
  remove(path: Buffer): void {
    if (!this.files.delete(path.toString())) noEntry();
  }
  removeDirectory(): void {
    noEntry();
  }
  readLink(): Buffer {
    return noEntry();
  }
  look(path: Buffer): FileFacts {
    const { length } = this.files.get(path.toString()) ?? noEntry();
    const none = {
      device: 0,
      deviceNumber: 0,
      inode: 0,
      links: 1,
      owner: 0,
      group: 0,
      blocks: 0,
      blockSize: 0,
    };
    return { ...none, kind: 'file', mode: 0o600, size: length, accessed: 0, modified: 0, changed: 0 };
  }
  list(): Promise<readonly Buffer[]> {
    return Promise.resolve([...this.files.keys()].map((name) => Buffer.from(name)));
  }
  makeDirectory(): void {
    noEntry();
  }
  setTimes(): void {
    noEntry();
  }
  makeLink(): void {
    noEntry();
  }
  #content(fd: number): Buffer {
    return this.files.get(this.#open.get(fd) ?? '') ?? noEntry();
  }
}

let disk: FakeDisk;
let commands: FakeCommand[];
let engine: TestEngine;
beforeEach(async () => {
  disk = new FakeDisk();
  commands = [];
  const system: System = {
    disk,
    processorSeconds: () => 0.25,
    randomSeed: () => 7,
    environment: { get: (name) => (name === 'PLACE' ? 'here' : undefined), all: () => ({}) },
    processes: {
      start(text) {
        if (text === 'refused') return { kind: 'failed', text: 'not today', number: constants.errno.EPERM };
        const command = new FakeCommand(text);
        commands.push(command);
        return { kind: 'started', command };
      },
    },
  };
  engine = await TestEngine.start({ system });
});
afterEach(() => engine.engine.close());

/** The first command, once it is there. */
async function started(): Promise<FakeCommand> {
  for (;;) {
    const [first] = commands;
    if (first !== undefined) return first;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('os and io over a system that is handed in', () => {
  it('know its environment only', async () => {
    expect(process.env.PATH).toBeDefined();
    expect(await engine.eval('return os.getenv("PLACE"), os.getenv("PATH")')).toEqual(['here', undefined]);
  });

  it('start commands by it, and say what it says', async () => {
    const status = engine.eval('return os.execute("touch /smtpe-spec-of-ports")');
    const command = await started();
    expect(command.text).toBe('touch /smtpe-spec-of-ports');
    command.exit({ how: 'exit', code: 3 });
    expect(await status).toEqual([768, 'exit', 3]);
    expect(existsSync('/smtpe-spec-of-ports')).toBe(false);
    expect(await engine.eval('return os.execute("refused")')).toEqual([undefined, 'not today', 1]);
    expect(await engine.eval('return io.popen("refused")')).toEqual([undefined, 'refused: not today', 1]);
  });

  it('read from a command what it gives', async () => {
    const values = engine.eval('local f = io.popen("date") return f:read("*a"), f:close()');
    const command = await started();
    command.stdout.end('today\n');
    command.exit({ how: 'exit', code: 0 });
    expect(await values).toEqual(['today\n', true, 'exit', 0]);
  });

  it('kill at the end of a connection what it has started', async () => {
    const instance = await engine.open('');
    expect(await instance.run('io.popen("sleep")', '=spec')).toMatchObject({ kind: 'returned' });
    expect(commands[0]?.killed).toBe(0);
    instance.close();
    expect(commands[0]?.killed).toBe(1);
  });

  it('open, write, rename and remove its files', async () => {
    expect(
      await engine.eval(`local f = assert(io.open("/etc/a", "w")) f:write("one\\n") f:close()
        assert(os.rename("/etc/a", "/etc/b"))
        local name = os.tmpname()
        return io.open("/etc/b"):read("*l"), (io.open("/etc/hostname")), name:match("^/tmp/lua_") ~= nil`),
    ).toEqual(['one', undefined, true]);
    expect([...disk.files.keys()].map((name) => name.slice(0, 9))).toEqual(['/etc/b', '/tmp/lua_']);
    expect(await engine.eval('return os.remove("/etc/b")')).toEqual([true]);
    expect(disk.files.has('/etc/b')).toBe(false);
  });
});
