// Beginnings of files by a thread: the same octets and errors as without it, whatever becomes of the thread.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { type Files, systemFiles } from '../../../src/mailbox/files.ts';
import { HeadThread } from '../../../src/mailbox/head-thread.ts';
import { waitUntil } from '../../fakes/wait-until.ts';

const run = promisify(execFile);
let directory: string;
let threads: HeadThread[];
let lost: string[];
let byPool: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-heads-'));
  threads = [];
  lost = [];
  byPool = [];
});

afterEach(async () => {
  for (const thread of threads) await thread.close();
  await rm(directory, { recursive: true, force: true });
});

const direct: Files['head'] = (path, into, facts) => {
  byPool.push(path.toString('latin1'));
  return systemFiles.head(path, into, facts);
};

function started(settings: { readonly program?: string; readonly clock?: Clock } = {}): HeadThread {
  const thread = new HeadThread({ direct, clock: systemClock, ...settings });
  threads.push(thread);
  thread.start((cause) => lost.push(cause));
  return thread;
}

/** A clock whose timers are fired by hand. */
function heldClock(): Clock & { readonly fire: () => void } {
  const fires = new Set<() => void>();
  return {
    ...systemClock,
    after: (_ms, fire) => {
      fires.add(fire);
      return { cancel: () => fires.delete(fire), restart: () => undefined, unref: () => undefined };
    },
    fire: () => {
      for (const fire of [...fires]) {
        fires.delete(fire);
        fire();
      }
    },
  };
}

async function outcome(head: Files['head'], path: string | Buffer, length: number, facts: boolean) {
  try {
    const found = await head(path, Buffer.alloc(length), facts);
    const its = found.facts && { size: found.facts.size, mtimeMs: found.facts.mtimeMs };
    return { octets: found.octets.toString('latin1'), facts: its };
  } catch (error) {
    return { ...(error as object), text: String(error) };
  }
}

const file = async (name: string | Buffer, octets: string): Promise<string | Buffer> => {
  const path =
    typeof name === 'string' ? join(directory, name) : Buffer.concat([Buffer.from(`${directory}/`), name]);
  await writeFile(path, octets, 'latin1');
  return path;
};

const mend = (program: string): string => `const { parentPort } = require('node:worker_threads');${program}`;

describe('what is found', () => {
  /** Whether the thread can read it by itself. */
  const cases: [string, boolean, () => Promise<string | Buffer>][] = [
    ['a file', true, () => file('a', 'a: b\r\n\r\nc')],
    ['one of no octets', true, () => file('empty', '')],
    ['one longer than what is asked for', true, () => file('long', 'x'.repeat(5000))],
    ['one of octets that are no text', true, () => file('octets', '\x00\xff\xfe\x80')],
    ['a name of octets that are no text', true, () => file(Buffer.from('\xff\xfe:2,S', 'latin1'), 'odd')],
    ['a name with a line feed', true, () => file('a\nb', 'line')],
    ['a file that has vanished', false, () => Promise.resolve(join(directory, 'none'))],
    ['a name that no file can have', false, () => Promise.resolve('a\0b')],
    ['a name that is too long', false, () => Promise.resolve(join(directory, 'x'.repeat(300)))],
    ['a directory', false, () => mkdir(join(directory, 'd')).then(() => join(directory, 'd'))],
    [
      'a link',
      false,
      async () => {
        await symlink(await file('target', 'x'), join(directory, 'link'));
        return join(directory, 'link');
      },
    ],
    [
      'a pipe',
      false,
      async () => {
        await run('mkfifo', [join(directory, 'pipe')]);
        return join(directory, 'pipe');
      },
    ],
  ];
  it.each(cases)('%s is as without the thread', async (_, byThread, make) => {
    const { head } = started();
    const path = await make();
    for (const [length, facts] of [
      [4096, true],
      [3, false],
    ] as const) {
      const expected = await outcome(systemFiles.head, path, length, facts);
      byPool = [];
      expect(await outcome(head, path, length, facts)).toEqual(expected);
      expect(byPool).toHaveLength(byThread ? 0 : 1);
    }
    expect(lost).toEqual([]);
  });

  it.skipIf(process.geteuid?.() === 0)('a file without rights is as without the thread', async () => {
    const path = await file('closed', 'x');
    await chmod(path, 0);
    const { head } = started();
    const found = await outcome(head, path, 10, true);
    expect(found).toEqual(await outcome(systemFiles.head, path, 10, true));
    expect(found).toMatchObject({ code: 'EACCES' });
  });

  it('nothing is asked for: the facts, or nothing', async () => {
    const path = await file('a', 'abc');
    const { head } = started();
    expect(await outcome(head, path, 0, true)).toEqual(await outcome(systemFiles.head, path, 0, true));
    expect(byPool).toEqual([]);
  });

  it('of many files each is its own, those between that are gone are told', async () => {
    const { head } = started();
    const paths: (string | Buffer)[] = [];
    for (let at = 0; at < 200; at++)
      paths.push(at % 7 === 0 ? join(directory, `gone${at}`) : await file(`f${at}`, `${at};`.repeat(at)));
    const both = (its: Files['head']) =>
      Promise.all(paths.map((path, at) => outcome(its, path, at * 3, at % 2 === 0)));
    const [found, expected] = await Promise.all([both(head), both(systemFiles.head)]);
    expect(found).toEqual(expected);
    expect(byPool).toHaveLength(Math.ceil(200 / 7));
  });
});

describe('the thread', () => {
  const many = async (head: Files['head'], count = 100) => {
    const path = await file('many', 'octets');
    return () => Promise.all(Array.from({ length: count }, () => outcome(head, path, 4, false)));
  };
  const all = (count = 100) => Array(count).fill({ octets: 'octe', facts: undefined });

  it('is not asked before it is started, nor when it is closed', async () => {
    const thread = new HeadThread({ direct, clock: systemClock });
    const read = await many(thread.head, 1);
    expect(await read()).toEqual(all(1));
    thread.start(() => undefined);
    expect(await read()).toEqual(all(1));
    expect(byPool).toHaveLength(1);
    await thread.close();
    expect(await read()).toEqual(all(1));
    expect(byPool).toHaveLength(2);
  });

  it.each([
    ['ends', mend('parentPort.on("message", () => process.exit(1))'), /it has ended$/],
    ['throws', mend('parentPort.on("message", () => { throw new Error("ouch") })'), /: ouch$/],
    ['is no program', 'not so', /Unexpected/],
  ])('%s: who waits is answered without it, and the next too', async (_, program, cause) => {
    const read = await many(started({ program }).head);
    expect(await read()).toEqual(all());
    expect(lost[0]).toMatch(cause);
    expect(await read()).toEqual(all());
    expect(byPool).toHaveLength(200);
  });

  it('that has died is followed by another', async () => {
    const flag = join(directory, 'died');
    const program = mend(`const fs = require('node:fs');
      if (!fs.existsSync(${JSON.stringify(flag)})) parentPort.on('message', () => {
        fs.writeFileSync(${JSON.stringify(flag)}, ''); process.exit(1); });
      else parentPort.on('message', (asked) => parentPort.postMessage(
        { octets: Buffer.from('THE'), found: asked.map(() => ({ count: 3 })) }));`);
    const read = await many(started({ program }).head, 1);
    expect(await read()).toEqual(all(1));
    await waitUntil(async () => expect(await read()).toEqual([{ octets: 'THE', facts: undefined }]));
    expect(lost).toHaveLength(1);
  });

  it('that hangs in the system is given up, there is no other before it has ended, and its late answer is nobody’s', async () => {
    const pipe = join(directory, 'pipe');
    await run('mkfifo', [pipe]);
    const clock = heldClock();
    const program = mend(`parentPort.on('message', (asked) => {
      require('node:fs').readFileSync(${JSON.stringify(pipe)});
      parentPort.postMessage({ octets: Buffer.from('late'), found: asked.map(() => ({ count: 1 })) }); })`);
    const thread = started({ program, clock });
    const read = await many(thread.head);
    const waits = read();
    // It is told to end when it has the message: before, it would end.
    const writer = open(pipe, 'w');
    const held = await writer;
    clock.fire();
    expect(await waits).toEqual(all());
    expect(lost).toEqual([expect.stringMatching(/no answer in 5 s$/)]);
    expect(await read()).toEqual(all());
    const closed = thread.close();
    clock.fire();
    await closed;
    await held.close();
    expect(byPool).toHaveLength(200);
    expect(lost).toHaveLength(1);
  });

  it('that is closed meanwhile loses nobody who waits', async () => {
    const thread = started({ program: mend('parentPort.on("message", () => undefined)') });
    const read = await many(thread.head);
    const sent = read();
    await new Promise<void>((resolve) => setImmediate(resolve));
    const notSent = read();
    await thread.close();
    expect(await Promise.all([sent, notSent])).toEqual([all(), all()]);
    expect(lost).toEqual([]);
  });

  it('does its work while the event loop goes on', async () => {
    const program = mend(`parentPort.on('message', (asked) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      parentPort.postMessage({ octets: Buffer.from(''), found: asked.map(() => ({ count: 0 })) }); })`);
    const read = await many(started({ program }).head, 1);
    let rounds = 0;
    let isOver = false;
    const round = (): void => {
      rounds++;
      if (!isOver) setImmediate(round);
    };
    round();
    await read();
    isOver = true;
    expect(rounds).toBeGreaterThan(20);
    expect(byPool).toEqual([]);
  });

  it('keeps no process alive', async () => {
    const source = join(import.meta.dirname, '../../../src/mailbox');
    const path = await file('a', 'octets');
    const code = `import { HeadThread } from ${JSON.stringify(join(source, 'head-thread.ts'))};
      import { systemFiles } from ${JSON.stringify(join(source, 'files.ts'))};
      import { systemClock } from ${JSON.stringify(join(source, '../base/clock.ts'))};
      const thread = new HeadThread({ direct: () => { throw new Error('direct'); }, clock: systemClock });
      thread.start(console.log);
      thread.head(${JSON.stringify(path)}, Buffer.alloc(9), false).then(({ octets }) => console.log(String(octets)));`;
    await writeFile(join(directory, 'alive.mts'), code);
    const tsx = join(import.meta.dirname, '../../../node_modules/tsx/dist/cli.mjs');
    const { stdout } = await run(process.execPath, [tsx, join(directory, 'alive.mts')], { timeout: 60_000 });
    expect(stdout).toBe('octets\n');
  });
});
