// A text that means one run of one process and no other, for files that say who made them: a process number alone is given again, and a time
// of a file is too coarse to tell two processes that began with it.
import { readFile, readlink } from 'node:fs/promises';

export type MarkState =
  | 'alive'
  | 'over'
  /** It is of another container, or no mark: nobody here can say. */
  | 'unknown';

interface Mark {
  readonly pid: number;
  /** Clock ticks from the start of the system to that of the process; empty where /proc does not say. */
  readonly start: string;
  /** Of process numbers: containers have their own. */
  readonly space: string;
  /** Of this start of the system. */
  readonly boot: string;
}

interface Process {
  readonly start: string;
  readonly isOver: boolean;
}

/** Fields 3 and 22 of /proc/PID/stat; the second is the name in parentheses, which may hold anything. */
async function processOf(pid: number): Promise<Process | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { start: fields[19] ?? '', isOver: fields[0] === 'Z' || fields[0] === 'X' };
}

async function placeOf(): Promise<Pick<Mark, 'space' | 'boot'>> {
  const [space, boot] = await Promise.all([
    readlink('/proc/self/ns/pid').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => ''),
  ]);
  return { space: space.replace(/\D/g, ''), boot: boot.slice(0, 8) };
}

/** The mark of this process: at most 59 octets of digits, letters and dots. */
export async function ownMark(): Promise<string> {
  const { boot, space } = await placeOf();
  const own = await processOf(process.pid);
  return `${process.pid}.${own?.start ?? ''}.${space}.${boot}`;
}

/** What has become of the process that had this mark. */
export async function stateOfMark(text: string): Promise<MarkState> {
  const [, pid, start, space, boot] = /^([1-9]\d*)\.(\d*)\.(\d*)\.(\w*)$/.exec(text) ?? [];
  if (pid === undefined) return 'unknown';
  const here = await placeOf();
  if (boot !== here.boot) return boot === '' || here.boot === '' ? 'unknown' : 'over';
  if (space !== here.space) return 'unknown';
  const found = await processOf(Number(pid));
  if (found !== undefined) return found.start === start && !found.isOver ? 'alive' : 'over';
  // Without /proc the number is all there is.
  if (start !== '') return 'over';
  try {
    process.kill(Number(pid), 0);
    return 'alive';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 'alive' : 'over';
  }
}
