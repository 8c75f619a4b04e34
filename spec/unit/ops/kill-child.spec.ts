import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { killChild } from '../../../src/ops/kill-child.ts';

describe('killChild', () => {
  it('kills nobody when the child was never started', async () => {
    // In a session of its own: what goes wrong here kills a whole process group.
    const module = join(import.meta.dirname, '../../../src/ops/kill-child.ts');
    const text = `
      import { spawn } from 'node:child_process';
      const { killChild } = await import(${JSON.stringify(module)});
      const child = spawn('/nonexistent/program', []);
      child.on('error', (error) => console.log(error.code));
      killChild(child, 'SIGKILL');
    `;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', text];
    const { stdout } = await promisify(execFile)('setsid', ['--wait', ...node], { encoding: 'utf8' });
    expect(stdout).toBe('ENOENT\n');
  });

  it('kills one that runs, with SIGTERM unless told otherwise', async () => {
    for (const signal of [undefined, 'SIGKILL'] as const) {
      const child = spawn('sleep', ['60']);
      const ended = once(child, 'exit');
      killChild(child, signal);
      expect(await ended).toEqual([null, signal ?? 'SIGTERM']);
    }
  });
});
