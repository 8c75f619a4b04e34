import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { onPort } from '../../../src/net/listener.ts';
import { HeldSockets } from '../../../src/ops/held-sockets.ts';
import { SmtpClient } from '../../fakes/smtp-client.ts';

const made: (HeldSockets | Server)[] = [];
afterEach(() => {
  for (const one of made.splice(0)) one.close();
});

function hold(): { held: HeldSockets; changed: string[] } {
  const changed: string[] = [];
  const held = new HeldSockets((asked) => changed.push(asked));
  made.push(held);
  return { held, changed };
}

describe('HeldSockets', () => {
  it('keep the port, also a free one that was picked, and connections that wait while nobody accepts', async () => {
    const { held, changed } = hold();
    const opened = await held.open('', onPort(['127.0.0.1'], 0));
    if (opened.kind === 'failed') throw new Error(opened.code);
    const [handle] = opened.handles;
    const bound: { port?: number } = {};
    handle?.getsockname(bound);
    const port = bound.port ?? 0;
    expect(port).toBeGreaterThan(0);
    expect(await held.open('', onPort(['127.0.0.1'], 0))).toEqual(opened);
    const server = createServer((socket) => socket.end('220 hello\r\n')).listen(handle);
    made.push(server);
    await once(server, 'listening');
    expect((server.address() as AddressInfo).port).toBe(port);
    expect(await (await SmtpClient.connect(port)).reply()).toBe('220 hello\r\n');
    expect(changed).toEqual([]);
    await held.open('', onPort(['127.0.0.1'], 2525));
    expect(changed).toEqual(['127.0.0.1:2525']);
    held.close();
    expect((await held.open('', onPort(['127.0.0.1'], 0))).kind).toBe('failed');
  });

  it('hold those of each listener', async () => {
    const { held, changed } = hold();
    const mx = await held.open('', onPort(['127.0.0.1'], 0));
    const submission = await held.open('submission', onPort(['127.0.0.1', '127.0.0.2'], 0));
    expect(mx.kind === 'held' && submission.kind === 'held').toBe(true);
    expect(await held.open('submission', onPort(['127.0.0.1', '127.0.0.2'], 0))).toEqual(submission);
    expect(await held.open('', onPort(['127.0.0.1'], 0))).toEqual(mx);
    expect(submission).not.toEqual(mx);
    expect(changed).toEqual([]);
  });

  it('say when the port is taken, or the address none of ours', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    made.push(taken);
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    expect(await hold().held.open('', onPort(['127.0.0.1'], port))).toMatchObject({
      kind: 'failed',
      code: 'EADDRINUSE',
    });
    expect(await hold().held.open('', onPort(['192.0.2.1'], 0))).toMatchObject({
      kind: 'failed',
      code: 'EADDRNOTAVAIL',
    });
  });

  it('share a port between IPv4 and IPv6 when both are listed', async () => {
    const { held } = hold();
    const opened = await held.open('', onPort(['0.0.0.0', '::'], 0));
    // A machine without IPv6 has no `::`.
    if (opened.kind === 'failed') expect(opened.code).toBe('EAFNOSUPPORT');
    else expect(opened.handles).toHaveLength(2);
  });
});
