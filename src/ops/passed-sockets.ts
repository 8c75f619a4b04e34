// Listening sockets that whoever started this process has opened for it: systemd's socket activation (sd_listen_fds(3)). They stay open
// there when this process ends, so that a restart refuses nobody. Reads the environment once and takes its part away: no child is meant.
import type { SocketHandle } from './held-sockets.ts';

/** The first descriptor, SD_LISTEN_FDS_START. */
const FIRST = 3;
/** More listeners than anybody has; a number from outside is not counted up to whatever it says. */
const MOST = 4096;

export interface PassedSocket {
  /** FileDescriptorName of its unit; by default the name of that unit. */
  readonly name: string;
  readonly handle: SocketHandle;
}

export type PassedOutcome =
  | { readonly kind: 'passed'; readonly sockets: readonly PassedSocket[] }
  | { readonly kind: 'wrong'; readonly problem: string };

/**
 * The sockets meant for process `pid`; none when the variables are not there or for another. `open` makes a handle of a descriptor, or gives
 * the system's error.
 */
export function takePassedSockets(
  env: Record<string, string | undefined>,
  pid: number,
  open: (descriptor: number) => SocketHandle | string,
): PassedOutcome {
  const { LISTEN_PID: meant, LISTEN_FDS: given = '', LISTEN_FDNAMES: named } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (meant !== String(pid)) return { kind: 'passed', sockets: [] };
  const wrong = (problem: string): PassedOutcome => ({ kind: 'wrong', problem });
  const count = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (!(count <= MOST)) return wrong(`LISTEN_FDS=${JSON.stringify(given)} is no number up to ${MOST}`);
  const names = named === undefined ? [] : named.split(':');
  if (named !== undefined && names.length !== count && count > 0) {
    return wrong(`LISTEN_FDNAMES has ${names.length} names for ${count} sockets`);
  }
  const sockets: PassedSocket[] = [];
  for (let index = 0; index < count; index++) {
    const handle = open(FIRST + index);
    const name = names[index] ?? '';
    if (typeof handle === 'string') {
      return wrong(`descriptor ${FIRST + index} (${name}) is no listening TCP socket: ${handle}`);
    }
    sockets.push({ name, handle });
  }
  return { kind: 'passed', sockets };
}

/** A listener as they are assigned to it. */
export interface Receiver {
  readonly key: string;
  readonly name: string;
}

export type AssignedOutcome =
  | { readonly kind: 'assigned'; readonly handles: ReadonlyMap<string, readonly SocketHandle[]> }
  | { readonly kind: 'wrong'; readonly problem: string };

/**
 * Which listener has which sockets, by key: those of its name, in place of its addresses. When there is only the one without a name
 * (smtp-listen is empty) it has all.
 */
export function assignSockets(
  sockets: readonly PassedSocket[],
  receivers: readonly Receiver[],
): AssignedOutcome {
  const handles = new Map<string, SocketHandle[]>();
  const [only, ...more] = receivers;
  const single = only?.key === '' && more.length === 0 ? only : undefined;
  for (const { name, handle } of sockets) {
    const its =
      single ?? receivers.find((one) => one.name !== '' && one.name.toLowerCase() === name.toLowerCase());
    if (its === undefined) {
      const known = receivers.map((one) => one.name).filter((one) => one !== '');
      const has = known.length === 0 ? 'has no names' : `has ${known.join(' ')}`;
      return {
        kind: 'wrong',
        problem: `a socket named ${JSON.stringify(name)} was passed, and smtp-listen ${has}; set FileDescriptorName= of its .socket unit to the name of a listener`,
      };
    }
    handles.set(its.key, [...(handles.get(its.key) ?? []), handle]);
  }
  return { kind: 'assigned', handles };
}
