// Header blocks of many files by a thread: the same octets as one by one, whatever becomes of the thread.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { systemFiles } from '../../../src/mailbox/files.ts';
import { HeadThread } from '../../../src/mailbox/head-thread.ts';
import { headThreadProgram } from '../../../src/mailbox/head-thread-program.ts';
import { waitUntil } from '../../fakes/wait-until.ts';

const run = promisify(execFile);
const never = new AbortController().signal;
let directory: string;
let threads: HeadThread[];
let lost: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-heads-'));
  threads = [];
  lost = [];
});

afterEach(async () => {
  for (const thread of threads) await thread.close();
  await rm(directory, { recursive: true, force: true });
});

function started(settings: { readonly program?: string; readonly clock?: Clock } = {}): HeadThread {
  const thread = new HeadThread({ clock: systemClock, ...settings });
  threads.push(thread);
  thread.start((cause) => lost.push(cause));
  return thread;
}

/** A clock whose timers are fired by hand, and whose time is set. */
function heldClock() {
  const fires = new Set<() => void>();
  const clock = {
    ...systemClock,
    time: 0,
    monotonic: (): number => clock.time,
    after: (_ms: number, fire: () => void) => {
      fires.add(fire);
      return {
        cancel: () => {
          fires.delete(fire);
        },
        ...{ restart: () => undefined, unref: () => undefined },
      };
    },
    fire: (): void => {
      for (const fire of [...fires]) {
        fires.delete(fire);
        fire();
      }
    },
  };
  return clock;
}

/** What the thread says of all names, asked as often as it takes; undefined: it does not read now. */
async function blocks(thread: HeadThread, names: readonly string[]) {
  const all: ({ readonly text: string; readonly size: number; readonly changed: number } | undefined)[] = [];
  while (all.length < names.length) {
    const many = await thread.read(directory, names.slice(all.length), new AbortController().signal);
    if (many === undefined) return undefined;
    expect(many.count).toBeGreaterThan(0);
    let from = 0;
    for (let at = 0; at < many.count; at++) {
      const to = many.endOf(at);
      if (to === undefined) all.push(undefined);
      else {
        const text = many.octets.toString('latin1', from, to);
        all.push({ text, size: many.sizeOf(at), changed: many.changedOf(at) });
        from = to;
      }
    }
    expect(from).toBe(many.octets.length);
  }
  return all;
}

const pathOf = (name: string): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);

const file = async (name: string, octets: string): Promise<string> => {
  await writeFile(pathOf(name), octets, 'latin1');
  return name;
};

const mend = (program: string): string => `const { parentPort } = require('node:worker_threads');${program}`;
/** An answer: one file, of no octets. */
const nothing = 'new Float64Array([1, 0, 7, 8]).buffer';

describe('what is found', () => {
  const block = `Subject: a\r\n${'X: y\r\n'.repeat(50)}\r\n`;
  const long = (length: number): string => `${'x'.repeat(length - 2)}\n\n`;
  /** Undefined: it is no file, or cannot be read. */
  const cases: [string, string | undefined, () => Promise<string>][] = [
    ['a file', block, () => file('a', `${block}body\r\n\r\n`)],
    ['bare line ends', 'a: b\n\n', () => file('a', 'a: b\n\nc\r\n\r\n')],
    ['the first end of two', 'a: b\n\r\n', () => file('a', 'a: b\n\r\nc\n\n')],
    ['one of no octets', '', () => file('a', '')],
    ['an empty first line', '\n', () => file('a', '\na: b\n\n')],
    ['an empty first line with CRLF', '\r\n', () => file('a', '\r\na: b\n\n')],
    ['no empty line', 'a: b\r\nc: d\r\n', () => file('a', 'a: b\r\nc: d\r\n')],
    ['a block of 8191 octets', long(8191), () => file('a', `${long(8191)}body`)],
    ['one of 8192', long(8192), () => file('a', `${long(8192)}body`)],
    ['one of 8193', long(8193), () => file('a', `${long(8193)}body`)],
    ['one of 65536', long(65_536), () => file('a', `${long(65_536)}body`)],
    ['one that is cut', `${'x'.repeat(65_536)}`, () => file('a', 'x'.repeat(70_000))],
    ['octets that are no text', '\x00\xff\xfe\x80\n\n', () => file('a', '\x00\xff\xfe\x80\n\n\xff')],
    ['a name of octets that are no text', 'odd', () => file('\xff\xfe:2,S', 'odd')],
    ['a name with a line feed', 'line', () => file('a\nb', 'line')],
    ['a file that has vanished', undefined, () => Promise.resolve('none')],
    ['a name that is too long', undefined, () => Promise.resolve('x'.repeat(300))],
    ['a directory', undefined, () => mkdir(join(directory, 'd')).then(() => 'd')],
    [
      'a link',
      undefined,
      () =>
        file('a', 'x')
          .then(() => symlink('a', join(directory, 'l')))
          .then(() => 'l'),
    ],
    ['a pipe', undefined, () => run('mkfifo', [join(directory, 'p')]).then(() => 'p')],
  ];
  it.each(cases)('%s', async (_, text, make) => {
    const name = await make();
    const found = await blocks(started(), [name]);
    const facts = text === undefined ? undefined : await systemFiles.stat(pathOf(name));
    expect(found).toEqual([facts && { text, size: facts.size, changed: facts.mtimeMs }]);
    expect(lost).toEqual([]);
  });

  it('nothing of a device', async () => {
    const many = await started().read('/dev', ['zero', 'null'], never);
    expect([many?.count, many?.endOf(0), many?.endOf(1), many?.octets.length]).toEqual([
      2,
      undefined,
      undefined,
      0,
    ]);
  });

  it('of many files each is its own, those between that are gone are left out, and a long answer comes in parts', async () => {
    const names: string[] = [];
    const texts: (string | undefined)[] = [];
    for (let at = 0; at < 200; at++) {
      const isGone = at % 7 === 0;
      const text = `${`X: ${at}\n`.repeat(at * 40)}\n`;
      names.push(isGone ? `gone${at}` : await file(`f${at}`, `${text}body`));
      texts.push(isGone ? undefined : text);
    }
    const thread = started();
    expect((await blocks(thread, names))?.map((one) => one?.text)).toEqual(
      texts.map((text) => text?.slice(0, 65_536)),
    );
    const first = await thread.read(directory, names, never);
    expect(first?.count).toBeLessThan(200);
    expect(first?.octets.length).toBeLessThan(1024 * 1024 + 2 * 65_536);
  });
});

describe('the thread', () => {
  const many = async (thread: HeadThread, count = 100) => {
    const name = await file('many', 'octets');
    return () =>
      Promise.all(
        Array.from({ length: count }, async () =>
          (await blocks(thread, [name]))?.map((one) => one?.text).join(),
        ),
      );
  };
  const all = (text: string | undefined, count = 100) => Array(count).fill(text);

  it('is not asked before it is started, nor when it is closed', async () => {
    const thread = new HeadThread({ clock: systemClock });
    const read = await many(thread, 1);
    expect(await read()).toEqual(all(undefined, 1));
    thread.start(() => undefined);
    expect(await read()).toEqual(all('octets', 1));
    await thread.close();
    expect(await read()).toEqual(all(undefined, 1));
  });

  it.each([
    ['ends', mend('parentPort.on("message", () => process.exit(1))'), /it has ended$/],
    ['throws', mend('parentPort.on("message", () => { throw new Error("ouch") })'), /: ouch$/],
    ['is no program', 'not so', /Unexpected/],
    ['answers nonsense', mend('parentPort.on("message", () => parentPort.postMessage(7))'), /not understood/],
    [
      'takes more memory than it has',
      mend('parentPort.on("message", () => { const all = []; for (;;) all.push({}); })'),
      /memory/,
    ],
  ])('%s: who waits is told, and the next too', async (_, program, cause) => {
    const read = await many(started({ program }));
    expect(await read()).toEqual(all(undefined));
    expect(lost[0]).toMatch(cause);
    expect(await read()).toEqual(all(undefined));
    expect(lost).toHaveLength(1);
  });

  it('that has died is followed by another a minute later, not before', async () => {
    const flag = join(directory, 'died');
    const program = mend(`const fs = require('node:fs');
      if (!fs.existsSync(${JSON.stringify(flag)})) parentPort.on('message', () => {
        fs.writeFileSync(${JSON.stringify(flag)}, ''); process.exit(1); });
      else parentPort.on('message', () => parentPort.postMessage(${nothing}));`);
    const clock = heldClock();
    const read = await many(started({ program, clock }), 1);
    expect(await read()).toEqual(all(undefined, 1));
    clock.time = 59_999;
    expect(await read()).toEqual(all(undefined, 1));
    clock.time = 60_000;
    await waitUntil(async () => expect(await read()).toEqual(['']));
    expect(lost).toHaveLength(1);
  });

  it('that hangs in the system is given up, there is no other before it has ended, and its late answer is nobody’s', async () => {
    const pipe = join(directory, 'pipe');
    await run('mkfifo', [pipe]);
    const clock = heldClock();
    const program = mend(`parentPort.on('message', () => {
      require('node:fs').readFileSync(${JSON.stringify(pipe)});
      parentPort.postMessage(${nothing}); })`);
    const thread = started({ program, clock });
    const read = await many(thread);
    const waits = read();
    // It is told to end when it has the message: before, it would end.
    const held = await open(pipe, 'w');
    clock.fire();
    expect(await waits).toEqual(all(undefined));
    expect(lost).toEqual([expect.stringMatching(/no answer in 5 s$/)]);
    clock.time = 1e9;
    expect(await read()).toEqual(all(undefined));
    const closed = thread.close();
    clock.fire();
    await closed;
    await held.close();
    expect(lost).toHaveLength(1);
  });

  it('is not given up when its answer is there though we had no time to take it', async () => {
    const clock = heldClock();
    const read = await many(started({ clock }), 1);
    await read();
    const waits = read();
    // Sent in this turn; it answers while we do nothing.
    await Promise.resolve();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    clock.fire();
    expect(await waits).toEqual(['octets']);
    expect(lost).toEqual([]);
  });

  it('that is closed meanwhile leaves nobody waiting', async () => {
    const thread = started({ program: mend('parentPort.on("message", () => undefined)') });
    const read = await many(thread);
    const sent = read();
    await new Promise<void>((resolve) => setImmediate(resolve));
    const notSent = read();
    await thread.close();
    expect(await Promise.all([sent, notSent])).toEqual([all(undefined), all(undefined)]);
    expect(lost).toEqual([]);
  });

  it('has eight messages at a time, and one that nobody wants any more is not sent', async () => {
    const seen = join(directory, 'seen');
    const program = mend(`const fs = require('node:fs'); parentPort.on('message', ([, names]) => {
      fs.appendFileSync(${JSON.stringify(seen)}, names + ' ');
      if (names === '8') setTimeout(() => { for (let at = 0; at < 8; at++) parentPort.postMessage(${nothing}); }, 0);
      if (names === 'last') parentPort.postMessage(${nothing}); });`);
    const thread = started({ program });
    const leaving = new AbortController();
    const reads = ['1', '2', '3', '4', '5', '6', '7', '8'].map((name) =>
      thread.read(directory, [name], never),
    );
    const gone = thread.read(directory, ['gone'], leaving.signal);
    leaving.abort(new Error('left'));
    await expect(gone).rejects.toThrow('left');
    expect((await Promise.all(reads)).map((one) => one?.count)).toEqual(Array(8).fill(1));
    expect((await thread.read(directory, ['last'], never))?.count).toBe(1);
    expect(await readFile(seen, 'utf8')).toBe('1 2 3 4 5 6 7 8 last ');
  });

  it('does its work while the event loop goes on', async () => {
    const program = mend(`parentPort.on('message', () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      parentPort.postMessage(${nothing}); })`);
    const read = await many(started({ program }), 1);
    let rounds = 0;
    let isOver = false;
    const round = (): void => {
      rounds++;
      if (!isOver) setImmediate(round);
    };
    round();
    expect(await read()).toEqual(['']);
    isOver = true;
    expect(rounds).toBeGreaterThan(20);
  });

  it('has nothing of the environment and the command line, and keeps no process alive', async () => {
    const source = join(import.meta.dirname, '../../../src');
    await file('a', 'octets');
    const code = `import { HeadThread } from ${JSON.stringify(join(source, 'mailbox/head-thread.ts'))};
      import { headThreadProgram } from ${JSON.stringify(join(source, 'mailbox/head-thread-program.ts'))};
      import { systemClock } from ${JSON.stringify(join(source, 'base/clock.ts'))};
      const program = headThreadProgram + 'console.log(JSON.stringify([process.env, process.argv.slice(2), process.execArgv]));';
      const thread = new HeadThread({ clock: systemClock, program });
      thread.start(console.log);
      thread.read(${JSON.stringify(directory)}, ['a'], new AbortController().signal).then(({ octets }) => console.log(String(octets)));`;
    await writeFile(join(directory, 'alive.mts'), code);
    const tsx = join(import.meta.dirname, '../../../node_modules/tsx/dist/cli.mjs');
    const { stdout } = await run(process.execPath, [tsx, join(directory, 'alive.mts'), 'argument'], {
      timeout: 60_000,
    });
    expect(stdout.split('\n').toSorted()).toEqual(['', '[{},[],[]]', 'octets']);
  });

  it('opens nothing but to read it', () => {
    const calls = headThreadProgram.match(/\b\w+Sync\b/g) ?? [];
    expect([...new Set(calls)].toSorted()).toEqual(['closeSync', 'fstatSync', 'openSync', 'readSync']);
  });
});
