// Is a process alive, and can it be the one that made a file? A process number in a file may have been given to another program since; on
// Linux /proc tells when a process began.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { codeOf } from '../base/errors.ts';

/** Ticks of /proc/PID/stat in a second: USER_HZ, 100 on every architecture that Node.js runs on. */
const TICKS = 100;
/** Clock ticks and file times are rounded differently. */
const SLACK_MS = 2000;

/** False when no process has this number. One that belongs to somebody else is alive too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

interface Life {
  /** It has ended, and nobody has asked yet how. */
  readonly over: boolean;
  /** Milliseconds since the Epoch by the clock as it is set now. */
  readonly startMs: number;
}

/** What /proc says; undefined where there is none. */
async function lifeOf(pid: number): Promise<Life | undefined> {
  try {
    const [own, system] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/stat', 'latin1'),
    ]);
    // Fields 3 and 22; the second field is the name in parentheses, which may hold anything.
    const fields = own.slice(own.lastIndexOf(')') + 2).split(' ');
    const boot = Number(/^btime (\d+)$/m.exec(system)?.[1]);
    const startMs = boot * 1000 + (Number(fields[19]) * 1000) / TICKS;
    return Number.isFinite(startMs) ? { over: fields[0] === 'Z' || fields[0] === 'X', startMs } : undefined;
  } catch {
    return undefined;
  }
}

/** Does a process with this number run? One that has ended and waits for its parent to ask how does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const life = await lifeOf(pid);
  return life === undefined ? isAlive(pid) : !life.over;
}

/** Can it be an smtpe, by its command line: is it run by what runs us? True when that cannot be found out. */
async function canBeOurs(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
  return (
    text === '' || basename(text.split('\0')[0] ?? '') === basename(process.execPath) || /smtpe/.test(text)
  );
}

/**
 * Can process `pid` be an smtpe that made a file which was last written at `writtenMs`? False when it is dead, when it is this process
 * (whoever asks has made no file yet), another program, or began only after the file was written.
 */
export async function canOwn(pid: number, writtenMs: number): Promise<boolean> {
  if (pid === process.pid || !isAlive(pid)) return false;
  const life = await lifeOf(pid);
  if (life === undefined) return isAlive(pid);
  return !life.over && life.startMs <= writtenMs + SLACK_MS && (await canBeOurs(pid));
}
