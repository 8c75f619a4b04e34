import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Ended {
  readonly signal: string | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs spec/fakes/stuck-process.ts until it ends. */
function run(timeoutMs: number, mode: string, then?: (pid: number) => Promise<void>): Promise<Ended> {
  const script = join(import.meta.dirname, '../../fakes/stuck-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, String(timeoutMs), mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.once('data', () => void then?.(child.pid ?? 0));
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

  it('leaves a process alone that was stopped for a while', async () => {
    // Just below and above the limit: neither is time in which the process could have done anything.
    for (const stopped of [1300, 1600]) {
      const ended = await run(1500, 'idle', async (pid) => {
        process.kill(pid, 'SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, stopped));
        process.kill(pid, 'SIGCONT');
      });
      expect(ended).toEqual({ signal: null, code: 0, stderr: '' });
    }
  });

  it('leaves a process alone whose event loop turns', async () => {
    expect(await run(1500, 'idle')).toEqual({ signal: null, code: 0, stderr: '' });
  });
});
