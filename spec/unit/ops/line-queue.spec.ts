import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { GATHER_MS, LineQueue } from '../../../src/ops/line-queue.ts';
import type { LogOut, Written } from '../../../src/ops/log-out.ts';

/** A file with so much room, on which others may write too. */
class FakeDisk implements LogOut {
  readonly piece: number;
  readonly isPipe = false;
  content = '';
  room: number;
  #pending: (() => void) | undefined;
  constructor(room: number, piece = 64) {
    this.room = room;
    this.piece = piece;
  }
  write(bytes: Buffer, written: Written): void {
    this.#pending = () => {
      const text = bytes.toString('latin1');
      const count = Math.min(text.length, this.room);
      this.content += text.slice(0, count);
      this.room -= count;
      if (count > 0) written(undefined, count);
      else written(Object.assign(new Error('no space left'), { code: 'ENOSPC' }), 0);
    };
  }
  /** Lets the write at work happen; false when there is none. */
  step(): boolean {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
    return pending !== undefined;
  }
  async reopen(): Promise<void> {}
  async endsWithinLine(): Promise<boolean> {
    return this.content !== '' && !this.content.endsWith('\n');
  }
  close(): void {}
}

function setUp(disk: FakeDisk, isShared = false) {
  const clock = new FakeClock();
  const troubles: (string | undefined)[] = [];
  const queue = new LineQueue({ out: disk, clock, isShared, trouble: (cause) => troubles.push(cause) });
  /** Writes all that can be written now. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      while (disk.step());
      clock.advance(500);
      await Promise.resolve();
      await Promise.resolve();
    }
    while (disk.step());
  };
  return { queue, clock, troubles, settle };
}

describe('LineQueue', () => {
  it('writes pieces that end at line ends, the first line at once', () => {
    const disk = new FakeDisk(10_000, 10);
    const { clock, queue } = setUp(disk);
    for (const line of ['1234\n', '12345\n', '1\n', '12345678901234\n', 'x\n']) queue.add(Buffer.from(line));
    const pieces: string[] = [];
    for (let before = ''; disk.step(); before = disk.content) pieces.push(disk.content.slice(before.length));
    expect(pieces).toEqual(['1234\n', '12345\n1\n', '12345678901234\n']);
    clock.advance(GATHER_MS);
    expect(disk.step()).toBe(true);
    expect(disk.content).toMatch(/x\n$/);
  });

  it('writes the lines of some milliseconds together, and a line that comes alone at once', () => {
    const disk = new FakeDisk(10_000, 1000);
    const { clock, queue } = setUp(disk);
    const next = (): string => {
      const before = disk.content.length;
      return disk.step() ? disk.content.slice(before) : 'nothing';
    };
    queue.add(Buffer.from('1\n'));
    expect(next()).toBe('1\n');
    for (let i = 2; i < 8; i++) {
      queue.add(Buffer.from(`${i}\n`));
      clock.advance(1);
      expect(next()).toBe('nothing');
    }
    clock.advance(GATHER_MS - 6);
    expect(next()).toBe('2\n3\n4\n5\n6\n7\n');
    queue.add(Buffer.from('8\n'));
    expect(next()).toBe('nothing');
    // What fills a piece does not wait.
    queue.add(Buffer.from(`${'9'.repeat(1000)}\n`));
    expect([next(), next()]).toEqual(['8\n', `${'9'.repeat(1000)}\n`]);
    clock.advance(GATHER_MS);
    queue.add(Buffer.from('alone\n'));
    expect(next()).toBe('alone\n');
    expect(next()).toBe('nothing');
  });

  it('does not gather when it is closed: what waits is written before that resolves', async () => {
    const disk = new FakeDisk(10_000, 1000);
    const { queue } = setUp(disk);
    queue.add(Buffer.from('1\n'));
    disk.step();
    queue.add(Buffer.from('2\n'));
    queue.add(Buffer.from('3\n'));
    let over = false;
    const closed = queue.close().then(() => {
      over = true;
    });
    await Promise.resolve();
    expect(over).toBe(false);
    expect(disk.step()).toBe(true);
    expect(disk.content).toBe('1\n2\n3\n');
    await closed;
  });

  it('keeps lines while the disk is full, says that once, and loses nothing', async () => {
    const disk = new FakeDisk(12);
    const { queue, troubles, settle } = setUp(disk);
    for (let i = 0; i < 5; i++) {
      queue.add(Buffer.from(`line ${i}\n`));
      await settle();
    }
    expect(troubles).toEqual(['no space left']);
    disk.room = 1000;
    await settle();
    expect(disk.content).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n');
    expect(troubles).toEqual(['no space left', undefined]);
    expect(queue.lost).toBe(0);
    await queue.close();
  });

  it('closes with a full disk', async () => {
    const disk = new FakeDisk(3);
    const { queue, settle } = setUp(disk);
    queue.add(Buffer.from('line\n'));
    const closed = queue.close();
    await settle();
    await closed;
  });

  it('counts lines that no retry can save, and those beyond its bound', () => {
    let fail: Written = () => undefined;
    const out = { ...new FakeDisk(0), write: (_bytes: Buffer, written: Written) => (fail = written) };
    const queue = new LineQueue({
      out: {
        ...out,
        piece: 100,
        reopen: async () => undefined,
        endsWithinLine: async () => false,
        close() {},
      },
      ...{ clock: new FakeClock(), isShared: false, trouble: () => undefined },
    });
    queue.add(Buffer.from('a\n'));
    queue.add(Buffer.from('b\n'));
    fail(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }), 0);
    expect(queue.lost).toBe(1);
    queue.forgiven(1);
    const long = `${'x'.repeat(1024 * 1024 - 1)}\n`;
    for (let i = 0; i < 9; i++) queue.add(Buffer.from(long));
    expect(queue.lost).toBe(2);
  });

  it('property: with any room at any time, each line is whole or a beginning of it stands on a line of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 }),
        fc.boolean(),
        async (lengths, rooms, isShared) => {
          const disk = new FakeDisk(0);
          const { queue, settle } = setUp(disk, isShared);
          const lines = lengths.map((length, i) => `${String.fromCharCode(65 + i).repeat(length)}\n`);
          for (const line of lines) queue.add(Buffer.from(line));
          for (const room of rooms) {
            disk.room = room;
            await settle();
            // Somebody else, whose line is short enough to find room.
            if (isShared && disk.content.endsWith('\n')) disk.content += '#\n';
          }
          disk.room = 100_000;
          await settle();
          const written = disk.content.split('\n').slice(0, -1);
          const whole = written.filter((line) => lines.includes(`${line}\n`));
          expect(whole.filter((line, i) => whole.indexOf(line) === i)).toEqual(
            lines.map((line) => line.slice(0, -1)),
          );
          if (!isShared) expect(disk.content).toBe(lines.join(''));
          for (const line of written) expect(line).toMatch(/^(#|([A-L])\2*)$/);
        },
      ),
    );
  });
});
