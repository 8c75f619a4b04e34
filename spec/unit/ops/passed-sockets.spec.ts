import { describe, expect, it } from 'vitest';
import type { SocketHandle } from '../../../src/ops/held-sockets.ts';
import { assignSockets, takePassedSockets } from '../../../src/ops/passed-sockets.ts';

const handle = (descriptor: number): SocketHandle & { readonly descriptor: number } => ({
  ...{ descriptor, getsockname: () => 0, close: () => undefined },
});

function take(env: Readonly<Record<string, string>>): unknown {
  const copy: Record<string, string | undefined> = { ...env, OTHER: 'x' };
  const outcome = takePassedSockets(copy, 7, (descriptor) =>
    descriptor === 9 ? 'EINVAL' : handle(descriptor),
  );
  // No child is meant.
  expect(copy).toEqual({ OTHER: 'x' });
  if (outcome.kind === 'wrong') return outcome.problem;
  return outcome.sockets.map((one) => [one.name, (one.handle as ReturnType<typeof handle>).descriptor]);
}

describe('sockets that were passed', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, unknown]>([
    ['are none without the variables', {}, []],
    ['are for one process', { LISTEN_PID: '8', LISTEN_FDS: '2' }, []],
    ['are for one process, and this is a child', { LISTEN_FDS: '2' }, []],
    [
      'begin at descriptor 3',
      { LISTEN_PID: '7', LISTEN_FDS: '2' },
      [
        ['', 3],
        ['', 4],
      ],
    ],
    [
      'have names',
      { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'mx:submission' },
      [
        ['mx', 3],
        ['submission', 4],
      ],
    ],
    ['may be none', { LISTEN_PID: '7', LISTEN_FDS: '0', LISTEN_FDNAMES: '' }, []],
    ['must be a number', { LISTEN_PID: '7', LISTEN_FDS: '2x' }, 'LISTEN_FDS="2x" is no number up to 4096'],
    ['must be said', { LISTEN_PID: '7' }, 'LISTEN_FDS="" is no number up to 4096'],
    [
      'cannot be any number',
      { LISTEN_PID: '7', LISTEN_FDS: '99999' },
      'LISTEN_FDS="99999" is no number up to 4096',
    ],
    [
      'have a name each',
      { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a' },
      'LISTEN_FDNAMES has 1 names for 2 sockets',
    ],
    [
      'listen on TCP',
      { LISTEN_PID: '7', LISTEN_FDS: '7', LISTEN_FDNAMES: 'a:a:a:a:a:a:log' },
      'descriptor 9 (log) is no listening TCP socket: EINVAL',
    ],
  ])('%s', (_what, env, expected) => {
    expect(take(env)).toEqual(expected);
  });

  const [one, two, three] = [handle(3), handle(4), handle(5)];
  const passed = (...named: readonly (readonly [string, SocketHandle])[]) =>
    named.map(([name, its]) => ({ name, handle: its }));
  const row = (name: string, key = name) => ({ key, name });

  it('all belong to the one listener without a name', () => {
    expect(assignSockets(passed(['smtpe.socket', one], ['x', two]), [row('')])).toEqual({
      kind: 'assigned',
      handles: new Map([['', [one, two]]]),
    });
  });

  it('belong to the listener of their name; it may have several, or none', () => {
    const rows = [row('mx'), row('', '1'), row('Submission')];
    expect(assignSockets(passed(['MX', one], ['submission', two], ['mx', three]), rows)).toEqual({
      kind: 'assigned',
      handles: new Map([
        ['mx', [one, three]],
        ['Submission', [two]],
      ]),
    });
    expect(assignSockets([], rows)).toEqual({ kind: 'assigned', handles: new Map() });
  });

  it.each([
    [
      [row('mx'), row('', '1')],
      /named "smtpe\.socket" was passed, and smtp-listen has mx; set FileDescriptorName=/,
    ],
    [[row('', '0'), row('', '1')], /smtp-listen has no names/],
    [[row('', '0')], /smtp-listen has no names/],
  ])('of nobody are refused', (rows, problem) => {
    expect(assignSockets(passed(['smtpe.socket', one]), rows)).toEqual({
      kind: 'wrong',
      problem: expect.stringMatching(problem),
    });
  });
});
