// Log lines over a real pipe that several processes share, or that nobody reads.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';

const writer = join(import.meta.dirname, '../../fakes/log-writer.ts');

/** A shell whose children share one pipe, which we read. Node gives its own children sockets in place of pipes, so `cat` makes it. */
function sharing(processes: number, ...args: readonly string[]): ChildProcess {
  const command = `node --import tsx ${writer} ${args.join(' ')}`;
  const all = Array.from({ length: processes }, () => `${command} >/dev/null &`).join(' ');
  return spawn('sh', ['-c', `{ ${all} wait; } 2>&1 | cat`], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('the log of several processes over one pipe', () => {
  it.each([
    ['text', 950],
    ['text', 20_000],
    ['json', 6000],
  ])(
    'has whole lines only, with a slow reader (%s, %d bytes)',
    async (format, length) => {
      const child = sharing(3, '600', String(length), 'shared', format);
      const { stdout } = child;
      if (stdout === null) throw new Error('no pipe');
      // Slow: it stands still after each chunk for a turn of the event loop.
      let count = 0;
      for await (const line of createInterface({ input: stdout })) {
        if (/log lines lost here/.test(line)) continue;
        count++;
        if (format === 'json') expect(JSON.parse(line)).toMatchObject({ msg: 'ehlo', level: 'info' });
        else expect(line).toMatch(/^\S+ smtpe\[\d+\] info n\d+ ehlo name="2026[^"]*" end=yes$/);
        expect(line.length).toBeLessThan(4096);
        if (count % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(count).toBe(1800);
    },
    60_000,
  );

  it('keeps nobody when the reader stands still: the log is closed in time and the process ends', async () => {
    const command = `{ node --import tsx ${writer} 20000 950 alone; echo ended; } 2>&1 >&3 | { sleep 30 & echo $! >&4; wait; }`;
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'] });
    const [, , , closed, sleeper] = child.stdio;
    if (!closed || !sleeper) throw new Error('no pipes');
    const [pid] = (await once(sleeper, 'data')) as [Buffer];
    try {
      let text = '';
      closed.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await expect.poll(() => text).toBe('closed\nended\n');
    } finally {
      process.kill(Number(pid.toString()), 'SIGTERM');
    }
    await once(child, 'exit');
  }, 30_000);
});
