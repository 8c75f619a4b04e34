import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { ServiceManager, takeNotifySocket } from '../../../src/ops/service-manager.ts';

/** A manager whose systemd-notify does what `ends` says of it. */
function rig(
  socket: string | undefined,
  ends: (child: EventEmitter) => void = (child) => child.emit('exit', 0, null),
) {
  const clock = new FakeClock();
  const log = new RecordLog([]);
  const started: (readonly string[])[] = [];
  const killed: string[] = [];
  const manager = new ServiceManager(socket, clock, log, (words, where) => {
    started.push([where, ...words]);
    const child = Object.assign(new EventEmitter(), {
      pid: 1,
      kill: (signal: string) => {
        killed.push(signal);
        child.emit('exit', null, signal);
      },
    });
    setImmediate(() => ends(child));
    return child as unknown as ChildProcess;
  });
  return { clock, log, started, killed, manager };
}

describe('the service manager', () => {
  it('hears in order that we serve, reload and end', async () => {
    const { manager, started, log } = rig('/run/notify');
    manager.ready('listening on 127.0.0.1:25');
    manager.reloading();
    manager.ready();
    await manager.alive();
    manager.stopping();
    await manager.told;
    expect(started).toEqual([
      ['/run/notify', 'READY=1', 'STATUS=listening on 127.0.0.1:25'],
      ['/run/notify', 'RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/)],
      ['/run/notify', 'READY=1'],
      ['/run/notify', 'WATCHDOG=1'],
      ['/run/notify', 'STOPPING=1'],
    ]);
    expect(log.lines).toEqual([]);
  });

  it('costs nothing where there is none', async () => {
    const { manager, started } = rig(undefined);
    manager.ready();
    await manager.told;
    expect(started).toEqual([]);
  });

  it.each<readonly [string, (child: EventEmitter) => void, string]>([
    [
      'is missing',
      (child) => child.emit('error', new Error('spawn systemd-notify ENOENT')),
      'spawn systemd-notify ENOENT',
    ],
    ['fails', (child) => child.emit('exit', 1, null), 'it ended with 1'],
  ])('is not reached when systemd-notify %s, which is said once', async (_what, ends, cause) => {
    const { manager, log } = rig('@abstract', ends);
    manager.ready();
    manager.stopping();
    await manager.told;
    expect(log.lines.map(({ message, fields }) => [message, fields.cause, fields.message])).toEqual([
      ['systemd could not be told, by systemd-notify', cause, 'READY=1'],
    ]);
  });

  it('is not waited for longer than five seconds', async () => {
    const { manager, clock, killed, started } = rig('/run/notify', () => undefined);
    manager.ready();
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toHaveLength(1);
    clock.advance(5000);
    await manager.told;
    expect(killed).toEqual(['SIGKILL']);
  });

  it('is nobody that a child could speak to', () => {
    const env: Record<string, string | undefined> = { NOTIFY_SOCKET: '/run/x', A: 'b' };
    expect([takeNotifySocket(env), env]).toEqual(['/run/x', { A: 'b' }]);
    expect([takeNotifySocket({}), takeNotifySocket({ NOTIFY_SOCKET: '' })]).toEqual([undefined, undefined]);
  });
});
