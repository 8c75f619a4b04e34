import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Ended {
  readonly signal: string | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs spec/fakes/stuck-process.ts until it ends. */
function run(timeoutMs: number, mode: string): Promise<Ended> {
  const script = join(import.meta.dirname, '../../fakes/stuck-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, String(timeoutMs), mode], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}

describe('the watchdog', () => {
  it('kills a process that is stuck in a hook and says in which, and of which session', async () => {
    const ended = await run(400, 'hook');
    expect(ended.signal).toBe('SIGKILL');
    expect(ended.stderr).toMatch(
      /^<2>smtpe\[\d+\]: the event loop has stood still for [\d.]+ s in hook\.rcpt of session abc123: the process is killed/m,
    );
  });

  it('says when it was not Lua', async () => {
    const ended = await run(400, 'outside');
    expect(ended.signal).toBe('SIGKILL');
    expect(ended.stderr).toMatch(/stood still for [\d.]+ s outside Lua/);
  });

  it('leaves a process alone whose event loop turns', async () => {
    expect(await run(1500, 'idle')).toEqual({ signal: null, code: 0, stderr: '' });
  });
});
