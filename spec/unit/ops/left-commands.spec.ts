// Commands of a process that is no more are found by the mark in their environment, with what they left in the background, and no others.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { commandMark, killLeftCommands } from '../../../src/ops/left-commands.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A shell with a child of its own, both of which run until they are killed. */
async function command(owner: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'sleep 30 & echo; wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, [commandMark]: owner },
  });
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

it('kills commands of whom is said to be dead, with their children, and no others', async () => {
  // This process lives: no other smtpe takes them for left.
  const mine = await command(String(process.pid));
  const others = await command(String(process.ppid));
  const unmarked = await command('');
  const over = once(mine, 'exit');
  expect(await killLeftCommands((owner) => owner === process.pid)).toBe(2);
  expect((await over)[1]).toBe('SIGKILL');
  for (const child of [others, unmarked]) expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  expect(await killLeftCommands((owner) => owner === process.ppid)).toBe(2);
  expect(await killLeftCommands(() => false)).toBe(0);
  // The child of the unmarked shell is ours to end.
  process.kill(unmarked.pid ?? 0, 'SIGTERM');
});
