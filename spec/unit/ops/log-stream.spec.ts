import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { LogRecord } from '../../../src/ops/log-line.ts';
import { descriptorOut, FileOut } from '../../../src/ops/log-out.ts';
import { StreamSink } from '../../../src/ops/log-stream.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-stream-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const record = (message: string): LogRecord => ({ time: 0, level: 'info', message, fields: {} });
const text = {
  ...({ format: 'text', journal: false, pid: 1, clock: systemClock, isShared: false } as const),
  trouble: () => undefined,
};

describe('StreamSink', () => {
  it('goes on when writing fails, and still closes', async () => {
    const path = join(directory, 'read-only');
    await writeFile(path, '');
    const fd = openSync(path, 'r');
    const sink = new StreamSink(descriptorOut(fd, systemClock), text);
    sink.write(record('lost'), '');
    sink.write(record('lost too'), '');
    await sink.close();
    closeSync(fd);
    expect(await readFile(path, 'latin1')).toBe('');
  });

  it('drops what a reader that stands still would make it keep, and says how much at that place', async () => {
    const path = join(directory, 'log');
    const sink = new StreamSink(await FileOut.open(path, systemClock), text);
    // Nothing is written before the event loop turns: this is more than it keeps.
    const long = 'x'.repeat(8000);
    for (let i = 0; i < 1200; i++) sink.write(record(long), '');
    await expect.poll(async () => (await readFile(path, 'latin1')).length).toBeGreaterThan(8_000_000);
    sink.write(record('and on'), '');
    await sink.close();
    const lines = (await readFile(path, 'latin1')).trimEnd().split('\n');
    const lost = /warning - (\d+) log lines lost here: /.exec(lines.at(-2) ?? '');
    expect(lines.at(-1)).toMatch(/info - and on$/);
    expect(Number(lost?.[1])).toBeGreaterThan(0);
    // Every line is there or counted; the notices of loss that were dropped themselves count as well.
    expect(lines.length - 2 + Number(lost?.[1])).toBeGreaterThanOrEqual(1200);
  });

  it('loses no line when the file is renamed and opened again, as often as that may be', async () => {
    const path = join(directory, 'log');
    const sink = new StreamSink(await FileOut.open(path, systemClock), text);
    const again: Promise<void>[] = [];
    for (let i = 0; i < 300; i++) {
      sink.write(record(`line ${i}`), '');
      if (i % 7 === 0) {
        await rename(path, `${path}.${i}`).catch(() => undefined);
        again.push(sink.reopen(), sink.reopen());
      }
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(again);
    await sink.close();
    const texts = await Promise.all(
      (await readdir(directory)).map((name) => readFile(join(directory, name), 'latin1')),
    );
    const numbers = [...texts.join('').matchAll(/ line (\d+)\n/g)].map((it) => Number(it[1]));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('writes nothing after close', async () => {
    const path = join(directory, 'log');
    const sink = new StreamSink(await FileOut.open(path, systemClock), text);
    sink.write(record('one'), '');
    await sink.close();
    sink.write(record('two'), '');
    await sink.close();
    expect(await readFile(path, 'latin1')).toMatch(/^[^\n]* one\n$/);
  });
});
