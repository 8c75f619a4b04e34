// What the files of /proc say about processor time and memory, read from their texts (proc(5)); no I/O.

/** Seconds that a thread has run, from `/proc/PID/task/TID/schedstat`: user and system time, in nanoseconds there. */
export function ranFor(schedstat: string): number {
  const [run] = schedstat.split(' ');
  return run === undefined || run.trim() === '' ? 0 : Number(run) / 1e9;
}

/** Ticks of a second in `/proc/PID/stat`: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Seconds that children which have ended and were waited for had used, from `/proc/PID/stat` (cutime and cstime). */
export function reaped(stat: string): number {
  // The name in parentheses may hold blanks and parentheses itself; fields are counted behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [fields[13], fields[14]];
  return user === undefined || system === undefined ? 0 : (Number(user) + Number(system)) / TICKS;
}

/** A field of `/proc/PID/status` that is in kB, such as VmRSS and VmHWM, in MiB; 0 when it has none. */
export function mebibytes(status: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  return Number(found?.[1] ?? 0) / 1024;
}

/** Process ids of `/proc/PID/task/TID/children`. */
export function children(text: string): readonly number[] {
  return text
    .split(' ')
    .filter((word) => word.trim() !== '')
    .map(Number);
}
